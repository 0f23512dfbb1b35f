"""A gateway of two workers that is watched: what a probe, a scrape and a person at the command line are told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx2
import pytest

from tests.journeys.gateway import Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority, free_port, open_directory, wait_until
from wardmail.app.metric_names import FAMILIES

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

MESSAGE = b"From: billing@trust.example\r\nSubject: planted-subject\r\n\r\nplanted-body\r\n"
_SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with open_directory("operations") as directory:
        (directory / "authority").mkdir()
        made = make_gateway(
            directory / "gateway",
            Authority(directory / "authority"),
            settings={"listen.https": f"127.0.0.1:{free_port()}"},
        )
        made.do("route", "create", "sandbox", "--kind", "sandbox")
        let_in(made, "sandbox")
        with running(made, workers=2):
            made.run("ready", "--wait", 20)
            yield made


def _get(gateway: Gateway, path: str) -> httpx2.Response:
    """Each on a connection of its own: the kernel chooses the worker."""
    with httpx2.Client(verify=gateway.trust(), timeout=10) as client:
        return client.get(f"https://localhost:{gateway.settings['listen.https'].rpartition(':')[2]}{path}")


def _numbers(gateway: Gateway) -> dict[str, float]:
    lines = [line for line in _get(gateway, "/metrics").text.splitlines() if not line.startswith("#")]
    found = {}
    for line in lines:
        match = _SAMPLE.fullmatch(line)
        assert match, line
        found[f"{match[1]}{{{match[2] or ''}}}"] = float(match[3])
    return found


ACCEPTED = 'wardmail_messages_total{integration="app",direction="outbound",result="accepted"}'


def test_every_worker_that_is_scraped_tells_the_same(gateway: Gateway) -> None:
    before = _numbers(gateway).get(ACCEPTED, 0)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: gateway.send(MESSAGE, f"person{n}@example.nhs.uk"), range(24)))
    gateway.wait_until_empty()
    delivered = 'wardmail_delivery_attempts_total{route="sandbox",result="delivered",code_class="2xx"}'
    found = [_numbers(gateway) for _ in range(8)]
    assert {each[ACCEPTED] for each in found} == {before + 24}
    assert {each[delivered] for each in found} == {before + 24}
    assert {each["wardmail_delivery_latency_seconds_count{}"] for each in found} == {before + 24}


def test_the_numbers_go_on_when_a_worker_dies(gateway: Gateway) -> None:
    gateway.send(MESSAGE, "person@example.nhs.uk")
    before = _numbers(gateway)[ACCEPTED]
    dying = gateway.workers[0]
    os.kill(dying, signal.SIGKILL)
    wait_until(lambda: dying not in gateway.workers and _workers(gateway) == 2, "the second worker", 20)
    gateway.send(MESSAGE, "person@example.nhs.uk")
    assert _numbers(gateway)[ACCEPTED] == before + 1


def _workers(gateway: Gateway) -> float:
    try:
        return _numbers(gateway)['wardmail_workers{state="working"}']
    except httpx2.TransportError:  # it was in the hands of the one that died
        return 0


def test_no_address_subject_or_secret_is_in_them(gateway: Gateway) -> None:
    gateway.send(MESSAGE, "person@example.nhs.uk")
    text = _get(gateway, "/metrics").text
    for planted in ("person@", "example.nhs", "@", "planted", "nhs.uk", gateway.secrets["app"], str(gateway.directory)):
        assert planted not in text
    told = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert told <= {each.name for each in FAMILIES}


def test_prometheus_itself_finds_no_fault(gateway: Gateway) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("not installed: promtool (Debian package prometheus)")
    text = _get(gateway, "/metrics").text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def _is_ready(gateway: Gateway, path: str) -> bool:
    return _get(gateway, path).status_code == 200


def test_it_is_alive_and_ready(gateway: Gateway) -> None:
    assert _get(gateway, "/livez").json() == {"status": "alive"}
    for path in ("/readyz", "/healthz"):
        wait_until(partial(_is_ready, gateway, path), "ready")
        parts = _get(gateway, path).json()["parts"]
        assert set(parts) == {"database", "keystore", "disk", "certificate", "register", "listeners"}
    assert gateway.ask("ready", "--wait", 10)[0]["status"] == "ready"
    (status,) = gateway.ask("status")
    assert status["numbers"]["wardmail_queue_messages"] == {"accepted": 0, "deferred": 0}


def test_a_part_that_fails_is_named_and_nothing_else_is(gateway: Gateway) -> None:
    keystore = gateway.directory / "data" / "keystore.json"
    aside = keystore.with_suffix(".aside")
    keystore.rename(aside)
    try:
        wait_until(lambda: _get(gateway, "/readyz").status_code == 503, "the keystore to be missed")
        answer = _get(gateway, "/readyz")
        assert [name for name, part in answer.json()["parts"].items() if not part["ok"]] == ["keystore"]
        assert "keystore.json" not in answer.text
        assert str(gateway.directory) not in answer.text
        assert json.loads(gateway.run("ready", "--json", status=75).stdout)["status"] == "not ready"
    finally:
        aside.rename(keystore)
    wait_until(lambda: _get(gateway, "/readyz").status_code == 200, "ready again")

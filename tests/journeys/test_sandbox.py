"""The first five minutes: `wardmail run` begins with something on every page, and each line that it prints works."""

from __future__ import annotations

import json
import re
import shlex
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.browsing import Told, looked_at, welcoming_sandbox
from tests.journeys.gateway import WARDMAIL, Gateway
from tests.journeys.peers.ground import free_port, need, wait_until

TUTORIALS = Path(__file__).resolve().parents[2] / "docs" / "tutorials"
pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Gateway]:
    with welcoming_sandbox("sandbox", examples=True) as made:
        yield made


def lines_to_paste(sandbox: Gateway) -> list[str]:
    told = sandbox.log().partition("Try, in another terminal:")[2].partition("Simulators:")[0]
    return [line.strip() for line in told.splitlines() if line.strip()]


def asked_of_demo(sandbox: Gateway, what: str, to: str = "clinic@example.nhs.uk") -> str:
    """What stands on the demo application's page after one of its buttons was pressed."""
    address = re.findall(r"Demo\s+(\S+)/ ", sandbox.log())[0]
    trust = ssl.create_default_context(cafile=str(sandbox.directory / "tls" / "ca.pem"))
    body = urllib.parse.urlencode({"to": to, "do": what}).encode()
    request = urllib.request.Request(f"{address}/", body, {"Origin": address})
    with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
        return answer.read().decode().partition("<pre")[2]


def statuses(sandbox: Gateway) -> set[str]:
    return {each["status"] for each in sandbox.ask("messages", "--limit", "500")}


def test_there_is_a_message_in_each_state(sandbox: Gateway) -> None:
    usual = {"delivered", "relayed", "bounced", "deferred", "held"}
    wait_until(lambda: usual <= statuses(sandbox), "the examples", 30)
    by_agreement = {each["to"]: each["status"] for each in sandbox.ask("messages", "--limit", "500")}
    assert by_agreement["matron@county-care.example"] == "delivered"
    assert by_agreement["shop@pharmacy.example"] == "held"
    arrived = {"acknowledged", "handing-over", "quarantined"}
    wait_until(lambda: len(sandbox.ask("inbound", "list")) == 5, "what came in", 30)
    found = [each["status"] for each in sandbox.ask("inbound", "list")]
    assert set(found) <= arrived
    assert found.count("quarantined") == 2
    assert {each["standing"] for each in sandbox.ask("agreement", "list")} == {"in-force", "unsigned"}


def test_every_line_that_is_printed_works_when_it_is_pasted(sandbox: Gateway) -> None:
    need("swaks", "curl")
    lines = lines_to_paste(sandbox)
    assert len(lines) == 9
    for line in lines:
        done = subprocess.run(
            line,
            shell=True,
            cwd=sandbox.directory.parent,
            capture_output=True,
            text=True,
            timeout=60,
            env=sandbox.environment,
        )
        # `check` says by its status that one of the addresses is not known to be secure.
        expected = 3 if shlex.split(line)[1] == "check" else 0
        assert done.returncode == expected, (line, done.stdout, done.stderr)


@pytest.mark.parametrize("name", sorted(file.stem for file in TUTORIALS.glob("*.md")))
def test_tutorials_do_what_they_say(sandbox: Gateway, name: str) -> None:
    """Each block is run as it stands, but for the ports, which are others here, and the folder of the program."""
    need("swaks", "curl")
    ports = dict(zip(("1025", "1465", "2525", "8443"), ports_of(sandbox), strict=True))
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", (TUTORIALS / f"{name}.md").read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for kind, block in blocks:
        text = re.sub(r"\b(1025|1465|2525|8443)\b", lambda found: ports[found[0]], block)
        text = text.replace(".venv/bin/wardmail", WARDMAIL)
        command = ["bash", "-euo", "pipefail", "-c", text] if kind == "sh" else [sys.executable, "-c", text]
        where = sandbox.directory.parent
        done = subprocess.run(
            command, cwd=where, capture_output=True, text=True, timeout=60, env=sandbox.environment, check=False
        )
        assert done.returncode == 0, (block, done.stdout, done.stderr)


def ports_of(sandbox: Gateway) -> tuple[str, str, str, str]:
    """STARTTLS, TLS, incoming, HTTPS: as the welcome names them."""
    submission, submissions = re.findall(r"SMTP\s+localhost:(\d+) \S+ and localhost:(\d+)", sandbox.log())[0]
    (receiving,) = re.findall(r"Incoming localhost:(\d+)", sandbox.log())
    (https,) = re.findall(r"API\s+https://localhost:(\d+)", sandbox.log())
    return submission, submissions, receiving, https


def test_the_demo_application_sends_is_told_and_collects(sandbox: Gateway) -> None:
    smtp = asked_of_demo(sandbox, "smtp", "smtp@nhs.net")
    assert re.search(r"250 2\.0\.0 stored as [0-9A-Z]{18}", smtp), smtp
    assert "&quot;status&quot;: &quot;accepted&quot;" in asked_of_demo(sandbox, "api", "api@nhs.net")
    assert "judged accept" in asked_of_demo(sandbox, "inbound")
    wait_until(lambda: "inbound.acknowledged" in asked_of_demo(sandbox, "events"), "the webhook to tell", 30)


def test_the_demo_application_believes_nobody_else(sandbox: Gateway) -> None:
    address = re.findall(r"Demo\s+(\S+)/ ", sandbox.log())[0]
    trust = ssl.create_default_context(cafile=str(sandbox.directory / "tls" / "ca.pem"))
    for path, headers in (
        ("/events", {"webhook-id": "1", "webhook-timestamp": "1"}),
        ("/", {"Origin": "https://x.example"}),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            request = urllib.request.Request(f"{address}{path}", b"{}", headers)
            urllib.request.urlopen(request, context=trust, timeout=30)
        assert refused.value.code in {401, 403}


def test_a_receiver_misbehaves_when_it_is_told_to(sandbox: Gateway) -> None:
    sandbox.do("sandbox", "play", "certificate-expired")
    sent = sandbox.run("send", "--to", "late@nhs.net", "--subject", "Hello", "--text", "Hello", "--wait")
    assert "the receiver's certificate has expired" in sent.stdout
    sandbox.do("sandbox", "play", "well")
    wait_until(lambda: "delivered" in sandbox.states(sent.stdout.split()[0]), "the delivery", 60)
    played = [each for each in sandbox.ask("sandbox", "list") if each.get("played")]
    assert [each["act"] for each in played] == ["well"]
    kinds = [each["kind"] for each in sandbox.ask("audit", "list", "--limit", "10000")]
    assert kinds.count("SandboxActChosen") >= 2


def test_what_is_no_act_is_told(sandbox: Gateway) -> None:
    done = sandbox.run("sandbox", "play", "nonsense", "--json", status=1)
    assert json.loads(done.stderr)["error"] == "WM-SANDBOX-ACT"


def test_pages_of_those_who_run_it(sandbox: Gateway, browser: Browser) -> None:
    """A receiver is made to misbehave, and a message in quarantine looked at, by people in a browser."""
    wait_until(lambda: len(sandbox.ask("quarantine", "list")) >= 2, "the quarantine", 30)
    wrong: list[str] = []
    context = browser.new_context(ignore_https_errors=True)
    context.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    told = Told(sandbox)
    page = told.log_in(context, "demo")
    documents = (
        "help",
        "docs",
        "docs?q=held",
        "docs/errors",
        "docs/api",
        "docs/reference/settings",
        "docs/how-to/log-in",
        "docs/nothing",
    )
    for path in (*documents, "sources", "sources/letters", "settings"):
        page.goto(f"{told.address}/{path}")
        looked_at(page, path)
    page.goto(f"{told.address}/sandbox")
    looked_at(page, "sandbox")
    page.check("text=The receiver is slow")
    page.click("text=Do that from now on")
    looked_at(page, "played")
    assert "The receiver is slow, from the next attempt on." in page.inner_text("main")
    page.check("text=Everything works")
    with page.expect_navigation():  # else the next page may be asked for while the answer is still coming
        page.click("text=Do that from now on")
    page.goto(f"{told.address}/quarantine")
    looked_at(page, "quarantine")
    page.click("text=supplier@ward.example")
    looked_at(page, "in quarantine")
    page.check("text=Release it to the application")
    page.fill("#reason", "the supplier was phoned")
    page.click("text=Continue")
    looked_at(page, "are you sure")
    page.click("text=Yes, release it")
    page.wait_for_selector("h1:has-text('Another person must agree')")
    assert [each for each in wrong if "404" not in each] == []
    context.close()


def test_a_second_one_in_its_directory_changes_nothing(sandbox: Gateway) -> None:
    before = (sandbox.directory / "wardmail.toml").read_text()
    ports = [f"--{each}={free_port()}" for each in ("port", "tls-port", "receive-port", "https-port", "demo-port")]
    done = sandbox.run("run", "--directory", sandbox.directory, *ports, status=6)
    assert "WM-RUNNING-ALREADY" in done.stderr
    assert (sandbox.directory / "wardmail.toml").read_text() == before


def test_nothing_of_it_outlives_it(sandbox: Gateway) -> None:
    """Also when it is killed: the demo application ends with it."""
    address = re.findall(r"Demo\s+https://localhost:(\d+)/ ", sandbox.log())[0]
    sandbox.kill()

    def is_gone() -> bool:
        with subprocess.Popen(["ss", "-Hltn", f"sport = :{address}"], stdout=subprocess.PIPE) as sockets:
            assert sockets.stdout is not None
            return not sockets.stdout.read()

    wait_until(is_gone, "the demo application to end", 10)

"""What the board, the alert rules and the reference say exists, exists; and a stranger is not told the numbers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml
from starlette.applications import Starlette
from starlette.testclient import TestClient

from wardmail.app.metric_names import FAMILIES
from wardmail.model.readiness import Part
from wardmail.web.operations import Watched, watching

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "deploy" / "monitoring"
LABELS = {each.name: set(each.labels) for each in FAMILIES}
_WORD = re.compile(r"\bwardmail_[a-z_]+")


def _expressions() -> list[str]:
    board = json.loads((MONITORING / "board.json").read_text())
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
    return [each["expr"] for panel in board["panels"] for each in panel["targets"]] + [each["expr"] for each in rules]


def test_every_metric_that_is_asked_for_exists() -> None:
    asked = {re.sub("_bucket$", "", name) for expression in _expressions() for name in _WORD.findall(expression)}
    assert asked <= set(LABELS)
    for name, label in re.findall(r"(wardmail_[a-z_]+)\{([a-z_]+)=", " ".join(_expressions())):
        assert label in LABELS[name]


def test_the_first_alert_is_about_mail_that_needs_tls() -> None:
    first = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"][0]
    assert first["expr"] == "max(wardmail_required_tls_oldest_age_seconds) > 900"


def test_prometheus_takes_the_rules() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("not installed: promtool (Debian package prometheus)")
    words = ["promtool", "check", "rules", str(MONITORING / "alerts.yaml")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_reference_has_every_metric_as_it_is() -> None:
    rows = (ROOT / "docs/reference/metrics.md").read_text().splitlines()
    told = [row for row in rows if row.startswith("| `wardmail_")]
    wanted = [
        f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels) or 'none'} | {each.help} |"
        for each in FAMILIES
    ]
    assert told == wanted


@pytest.mark.parametrize(
    ("peer", "status"),
    [("127.0.0.1", 200), ("::ffff:127.0.0.1", 200), ("::1", 403), ("192.0.2.9", 403), ("fe80::1%eth0", 403)],
)
def test_the_numbers_are_for_the_networks_that_are_named(peer: str, status: int) -> None:
    async def parts() -> Sequence[Part]:
        return [Part("disk", False, "is full")]

    async def numbers() -> str:
        return "wardmail_up 1\n"

    routes = watching(Watched(parts, numbers, (ip_network("127.0.0.0/8"),)))
    client = TestClient(Starlette(routes=routes), client=(peer, 4000))
    forged = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    answer = client.get("/metrics", headers=forged)
    assert answer.status_code == status
    assert ("wardmail_up" in answer.text) == (status == 200)
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200


def test_the_container_runs_without_root_and_asks_whether_it_is_ready() -> None:
    lines = (ROOT / "deploy/container/Containerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert any(line.startswith("HEALTHCHECK") and '["wardmail", "ready"]' in line for line in lines)
    service = yaml.safe_load((ROOT / "deploy/container/compose.yaml").read_text())["services"]["wardmail"]
    assert (service["read_only"], service["cap_drop"], service["user"]) == (True, ["ALL"], "10001:10001")

"""A gateway that runs tells of a domain of ours that looks worse, though somebody else saw it first."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.journeys.gateway import make_gateway, relay_to, running
from tests.journeys.peers.ground import Authority, free_port, wait_until
from wardmail.edges.clock import SystemClock
from wardmail.model.own_domain import DomainFinding, DomainReport, Verdict
from wardmail.store.connection import Database
from wardmail.store.domain_reports import StoreDomainReports

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


def test_what_became_worse_is_told_once_across_restarts(tmp_path: Path) -> None:
    gateway = make_gateway(tmp_path, Authority(tmp_path))
    relay_to(gateway, free_port())
    looks = StoreDomainReports(Database(gateway.database, SystemClock()))
    for ago, verdict in ((7200.0, Verdict.GOOD), (3600.0, Verdict.FIX)):
        finding = DomainFinding("SPF", verdict, "As it was seen.")
        looks.keep(DomainReport("trust.example", time.time() - ago, (finding,)))

    def told() -> list[dict[str, object]]:
        return [each for each in gateway.ask("audit", "list", "--limit", 1000) if each["kind"] == "DomainWorsened"]

    for _ in range(2):
        with running(gateway, workers=2):
            wait_until(lambda: bool(told()), "word of the domain")
    assert [each["subject"] for each in told()] == ["trust.example"]

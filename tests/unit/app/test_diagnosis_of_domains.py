"""`doctor` on domains: evidence is asked for in time, and what is wrong with a domain of ours is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from wardmail.app.diagnosis_of_domains import domains
from wardmail.app.installation import Installation
from wardmail.app.output import today_of
from wardmail.app.set_up import set_up
from wardmail.app.settings import load
from wardmail.model.own_domain import (
    Assurance,
    AssuranceKind,
    DomainFinding,
    DomainReport,
    KnownDomain,
    Verdict,
)
from wardmail.store.domain_reports import StoreDomainReports
from wardmail.store.known_domains import StoreKnownDomains


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.chdir(tmp_path)
    settings = load(None, flags={"gateway.data": str(tmp_path)}, environ={})
    set_up(settings, "root")
    opened = Installation(settings)
    yield opened
    opened.database.close()


@pytest.mark.parametrize(
    ("days", "words"), [(61, ""), (60, "dspt ends on"), (0, "dspt ends on"), (-1, "dspt ended on")]
)
def test_evidence_is_asked_for_in_time(installation: Installation, days: int, words: str) -> None:
    now = installation.clock.now()
    until = today_of(now) + timedelta(days)
    shown = Assurance(AssuranceKind.DSPT, "X26", until, "oli", now)
    known = KnownDomain("hospice.example", False, "oli", now)
    StoreKnownDomains(installation.database).add(replace(known, assurances=(shown,)))
    (found,) = domains(installation)
    assert (found.grade, found.check) == (("advice", "Domain hospice.example") if words else ("good", "Domains"))
    assert words in found.found


def test_what_is_wrong_with_ours_is_said_and_others_are_no_concern(installation: Installation) -> None:
    book, looks = StoreKnownDomains(installation.database), StoreDomainReports(installation.database)
    for name, is_ours in (("trust.example", True), ("hospice.example", False)):
        book.add(KnownDomain(name, is_ours, "oli", 1.0))
        finding = DomainFinding("SPF", Verdict.FIX, "As it was seen.")
        looks.keep(DomainReport(name, installation.clock.now(), (finding,)))
    (found,) = domains(installation)
    assert (found.grade, found.check, found.found) == ("advice", "Domain trust.example", "to be fixed: SPF")


def test_what_could_not_be_told_is_not_good(installation: Installation) -> None:
    book, looks = StoreKnownDomains(installation.database), StoreDomainReports(installation.database)
    book.add(KnownDomain("trust.example", True, "oli", 1.0))
    findings = [DomainFinding(f"TLS of mx{n}", Verdict.UNKNOWN, "It did not answer.") for n in (1, 2)]
    fix = DomainFinding("SPF", Verdict.FIX, "As it was seen.")
    looks.keep(DomainReport("trust.example", installation.clock.now(), tuple(findings)))
    (found,) = domains(installation)
    assert (found.grade, found.found) == ("advice", "could not be told: TLS of mx1, TLS of mx2")
    looks.keep(DomainReport("trust.example", installation.clock.now() + 1, (fix, *findings)))
    (found,) = domains(installation)
    assert found.found == "to be fixed: SPF; could not be told: TLS of mx1, TLS of mx2"

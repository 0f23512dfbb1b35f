"""What is kept of domains, on both databases: those on record, and every look."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert

from tests.worlds import SettableClock
from wardmail.manage.domain_book import DomainBookDesk
from wardmail.model.own_domain import (
    Assurance,
    AssuranceKind,
    DomainFinding,
    DomainReport,
    KnownDomain,
    SpfTerm,
    Verdict,
)
from wardmail.model.person import Person, Role
from wardmail.store import domain_reports, look_limit, records
from wardmail.store.chain import verify
from wardmail.store.connection import Database
from wardmail.store.domain_reports import KEPT_FOR, MOST_KEPT, StoreDomainReports
from wardmail.store.known_domains import StoreKnownDomains
from wardmail.store.look_limit import StoreLookLimit
from wardmail.store.messages import Messages
from wardmail.store.schema import meta


def look(domain: str, at: float, verdict: Verdict = Verdict.GOOD) -> DomainReport:
    return DomainReport(domain, at, (DomainFinding("SPF", verdict, "Found."),), (SpfTerm(0, domain, 2),))


def test_every_look_is_kept_and_the_newest_is_found(database: Database) -> None:
    reports = StoreDomainReports(database)
    assert reports.newest() == {}
    for each in (look("a.example", 2.0), look("a.example", 1.0, Verdict.FIX), look("b.example", 1.5)):
        reports.keep(each)
    assert {name: each.checked_at for name, each in reports.newest().items()} == {"a.example": 2.0, "b.example": 1.5}
    assert reports.of("a.example", 10) == [look("a.example", 2.0), look("a.example", 1.0, Verdict.FIX)]
    assert reports.of("a.example", 1) == [look("a.example", 2.0)]
    assert reports.of("c.example", 10) == []
    reports.keep(look("a.example", 2.0, Verdict.IMPROVE))
    assert reports.newest()["a.example"].findings[0].verdict is Verdict.IMPROVE


def test_who_looks_without_end_fills_nobodys_disk(database: Database) -> None:
    reports = StoreDomainReports(database)
    reports.keep(look("b.example", 0.0))
    for number in range(MOST_KEPT + 5):
        reports.keep(look("a.example", float(number)))
    kept = reports.of("a.example", 1000)
    assert (len(kept), kept[0].checked_at, kept[-1].checked_at) == (MOST_KEPT, MOST_KEPT + 4.0, 5.0)
    assert len(reports.of("b.example", 10)) == 1


def test_looks_end_but_for_the_newest_and_domains_are_not_without_end(
    database: Database, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_reports, "MOST_DOMAINS", 2)
    reports = StoreDomainReports(database)
    clock.at = KEPT_FOR + 10.0
    for each in (look("a.example", 1.0), look("a.example", 5.0), look("b.example", 2.0), look("b.example", KEPT_FOR)):
        reports.keep(each)
    reports.forget_old()
    assert [each.checked_at for each in reports.of("a.example", 10)] == [5.0]
    assert [each.checked_at for each in reports.of("b.example", 10)] == [KEPT_FOR]
    reports.keep(look("c.example", KEPT_FOR + 1))
    reports.forget_old()
    assert set(reports.newest()) == {"b.example", "c.example"}


def test_domains_are_put_on_record_once_and_taken_off(database: Database, clock: SettableClock) -> None:
    book = StoreKnownDomains(database)
    ours = KnownDomain("a.example", True, "oli", 5.0, "parked")
    assert book.add(ours)
    assert not book.add(KnownDomain("a.example", False, "eve", 6.0))
    assert book.all() == {"a.example": ours}
    shown = Assurance(AssuranceKind.DSPT, "X1", date(2027, 3, 31), "oli", 7.0)
    changed = book.change("a.example", "DomainEvidenceRecorded", "oli", lambda each: replace(each, assurances=(shown,)))
    assert changed is not None
    assert book.all() == {"a.example": replace(ours, assurances=(shown,))}
    assert book.change("b.example", "DomainEvidenceRecorded", "oli", lambda each: each) is None
    assert not book.remove("b.example", "oli")
    assert book.remove("a.example", "oli")
    assert book.all() == {}
    told = [(each.kind, each.actor, each.subject) for each in Messages(database).audit(0, 10)]
    assert told == [(kind, "oli", "a.example") for kind in ("DomainAdded", "DomainEvidenceRecorded", "DomainRemoved")]
    assert verify(database).broken_at is None


def test_much_evidence_without_a_kind_never_drops_one_that_has_one(database: Database, clock: SettableClock) -> None:
    owner, until = Person("olga", "Olga", roles=(Role.OWNER,)), date(2027, 3, 31)
    clock.at = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
    desk = DomainBookDesk(StoreKnownDomains(database), clock)
    desk.add(owner, "a.example", is_ours=False)
    desk.record_assurance(owner, "a.example", AssuranceKind.DSPT, "X1 of the toolkit", until)
    for number in range(30):
        desk.record_assurance(owner, "a.example", AssuranceKind.OTHER, f"paper {number:02}", until)
    kept = desk.all()["a.example"].assurances
    assert [each.reference for each in kept] == ["X1 of the toolkit", *(f"paper {n}" for n in range(11, 30))]


def test_what_was_found_before_the_upgrade_stays(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", "src/wardmail/store/migrations")
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0010")
        old = look("a.example", 7.0)
        connection.execute(insert(meta).values(key="domain-report:a.example", value=records.encode(old)))
        connection.execute(insert(meta).values(key="other", value=json.dumps({})))
        command.upgrade(config, "head")
    assert StoreDomainReports(database).newest() == {"a.example": old}


def test_looks_are_limited_for_one_person_and_in_all_and_there_is_room_again(
    database: Database, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_limit, "LOOKS_OF_ONE", 2)
    monkeypatch.setattr(look_limit, "LOOKS_OF_ALL", 3)
    limit = StoreLookLimit(database)
    assert [limit.take("oli") is None for _ in range(3)] == [True, True, False]
    assert limit.take("vera") is None, "what was refused is not counted"
    full = limit.take("vera")
    assert full is not None
    assert full.key == "looks"
    clock.at = full.until + 1.0
    assert limit.take("oli") is None

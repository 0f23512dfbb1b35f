"""Reports of others, on both databases: kept once, found again, and forgotten in time."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from tests.worlds import SettableClock
from wardmail.model.aggregate_report import (
    DmarcReport,
    DmarcRow,
    KeptReport,
    ReportKind,
    Standing,
    TlsFailure,
    TlsPolicy,
    TlsReport,
)
from wardmail.model.reading import NoSuchPage
from wardmail.model.retention import A_DAY
from wardmail.store import outside_reports, records
from wardmail.store.connection import Database
from wardmail.store.outside_reports import StoreOutsideReports

ROW = DmarcRow("192.0.2.1", 8, "none", True, False, "a.example")
DMARC = DmarcReport("a.example", "big.example", "d@big.example", "1", 900_000.0, 990_000.0, "reject", (ROW,))
POLICY = TlsPolicy("sts", 4, 1, (TlsFailure("certificate-expired", "mx.a.example", 1),))
TLS = TlsReport("a.example", "big.example", "t@big.example", "1", 900_000.0, 990_000.0, (POLICY,))


def kept(
    report: DmarcReport | TlsReport = DMARC,
    standing: Standing = Standing.PROVED,
    at: float = 1.0,
    proof: str = "big.example",
) -> KeptReport:
    return KeptReport(report, standing, at, "reports", "" if standing is Standing.IMPORTED else proof)


def test_each_report_is_kept_once_and_is_as_it_was(database: Database) -> None:
    book = StoreOutsideReports(database)
    assert book.keep(kept())
    assert not book.keep(kept(standing=Standing.IMPORTED)), "the same from a file"
    assert book.keep(kept(TLS)), "of another kind"
    assert book.keep(kept(replace(DMARC, domain="b.example")))
    assert book.keep(kept(proof="other.example"))
    assert book.page(ReportKind.TLS, "", 0, 10).reports == (kept(TLS),)
    assert book.page(ReportKind.DMARC, "b.example", 0, 10).reports == (kept(replace(DMARC, domain="b.example")),)
    assert len(book.page(ReportKind.DMARC, "", 0, 10).reports) == 3
    assert len(book.page(ReportKind.DMARC, "", 0, 2).reports) == 2
    assert book.page(ReportKind.DMARC, "", 990_001.0, 10).reports == ()


@pytest.mark.parametrize("is_file_first", [True, False])
def test_a_file_is_known_from_its_sender_and_from_nobody_else(database: Database, is_file_first: bool) -> None:
    book = StoreOutsideReports(database)
    told = replace(DMARC, reporter="Big Mail")
    mail, file = kept(told), kept(told, Standing.IMPORTED)
    forged = kept(replace(told, contact="x@evil.example"), proof="evil.example")
    assert book.keep(forged)
    first, second = (file, mail) if is_file_first else (mail, file)
    assert book.keep(first)
    assert not book.keep(second)
    assert not book.keep(forged)
    assert {each.told_by for each in book.page(ReportKind.DMARC, "", 0, 10).reports} == {"evil.example", first.told_by}


@pytest.mark.parametrize("first", [Standing.CLAIMED, Standing.PROVED])
def test_a_claim_keeps_no_proved_report_out(database: Database, first: Standing) -> None:
    book = StoreOutsideReports(database)
    second = Standing.PROVED if first is Standing.CLAIMED else Standing.CLAIMED
    assert book.keep(kept(standing=first))
    assert book.keep(kept(standing=second))
    assert not book.keep(kept(standing=second))
    assert {each.standing for each in book.page(ReportKind.DMARC, "", 0, 10).reports} == {first, second}


def test_who_floods_displaces_claims_and_nothing_else(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside_reports, "MOST_CLAIMS", 3)
    book = StoreOutsideReports(database)
    book.keep(kept(at=0.0))
    for number in range(6):
        said = replace(DMARC, report_id=f"f{number}", domain=f"n{number}.a.example")
        book.keep(kept(said, Standing.CLAIMED, float(number)))
    found = {each.report.report_id for each in book.page(ReportKind.DMARC, "", 0, 50).reports}
    assert found == {"1", "f3", "f4", "f5"}


def test_who_proves_a_domain_and_floods_displaces_the_own_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside_reports, "MOST_OF_ONE", 3)
    book = StoreOutsideReports(database)
    book.keep(kept(at=0.0))
    for number in range(6):
        said = replace(DMARC, report_id=f"f{number}", domain=f"n{number}.a.example")
        book.keep(kept(said, at=float(number), proof="evil.example"))
    found = [each.told_by for each in book.page(ReportKind.DMARC, "", 0, 50).reports]
    assert sorted(found) == ["big.example", *["evil.example"] * 3]


def test_large_reports_are_read_up_to_a_budget_and_all_are_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = StoreOutsideReports(database)
    for number in range(6):
        book.keep(kept(replace(DMARC, report_id=str(number), ended=DMARC.ended + number)))
    monkeypatch.setattr(outside_reports, "MOST_READ", int(2.5 * len(records.encode(DMARC))))
    assert [each.report.report_id for each in book.page(ReportKind.DMARC, "", 0, 50).reports] == ["5", "4"]
    monkeypatch.setattr(outside_reports, "MOST_READ", 1)
    assert [each.report.report_id for each in book.page(ReportKind.DMARC, "", 0, 50).reports] == ["5"], "never none"
    assert pages(book, "", 0) == [["5"], ["4"], ["3"], ["2"], ["1"], ["0"]]
    assert pages(book, "a.example", DMARC.ended + 4) == [["5"], ["4"]]
    assert pages(book, "b.example", 0) == [[]]


def pages(book: StoreOutsideReports, domain: str, since: float, limit: int = 50) -> list[list[str]]:
    """The IDs of all, page by page."""
    found = [book.page(ReportKind.DMARC, domain, since, limit)]
    while found[-1].following:
        found.append(book.page(ReportKind.DMARC, domain, since, limit, found[-1].following))
    return [[each.report.report_id for each in page.reports] for page in found]


def test_pages_hold_each_report_once_also_of_the_same_second(database: Database) -> None:
    book = StoreOutsideReports(database)
    for number in range(7):
        said = replace(DMARC, report_id=f"Z{number}" if number % 2 else f"a{number}", ended=DMARC.ended + number // 4)
        assert book.keep(kept(said, Standing.CLAIMED if number == 3 else Standing.PROVED))
    whole = [each for page in pages(book, "", 0) for each in page]
    assert len(set(whole)) == 7
    for limit in (1, 2, 3, 6):
        found = pages(book, "", 0, limit)
        assert [each for page in found for each in page] == whole
        assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)


@pytest.mark.parametrize(
    "place",
    [
        b"",
        b"1",
        b"[1]",
        b'"x"',
        b'[NaN, "a", "b", "c", false]',
        b'[1.0, "a\\u0000", "b", "c", false]',
        b'[1.0, "a", "b", "c", 1]',
        b'[1.0, {}, "b", "c", true]',
        b'[1.0, "\\ud800", "b", "c", true]',
        b"[" * 3000,
    ],
)
def test_a_page_that_nobody_gave_is_none(database: Database, place: bytes) -> None:
    for after in (base64.urlsafe_b64encode(place).decode() or "-", place.decode() or "\u00e9"):
        with pytest.raises(NoSuchPage):
            StoreOutsideReports(database).page(ReportKind.DMARC, "", 0, 10, after)


def test_many_senders_together_fill_nobodys_disk(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside_reports, "MOST", 3)
    book = StoreOutsideReports(database)
    for number in range(6):
        book.keep(kept(at=float(number), proof=f"d{number}.example"))
    found = {each.told_by for each in book.page(ReportKind.DMARC, "", 0, 50).reports}
    assert found == {"d3.example", "d4.example", "d5.example"}


def test_reports_end_with_their_terms(database: Database, clock: SettableClock) -> None:
    book = StoreOutsideReports(database)
    book.keep(kept(at=clock.now()))
    book.keep(kept(standing=Standing.CLAIMED, at=clock.now()))
    clock.at += 29 * A_DAY
    book.forget_old()
    assert len(book.page(ReportKind.DMARC, "", 0, 10).reports) == 2
    clock.at += 2 * A_DAY
    book.forget_old()
    assert [each.standing for each in book.page(ReportKind.DMARC, "", 0, 10).reports] == [Standing.PROVED]
    clock.at += 370 * A_DAY
    book.forget_old()
    assert book.page(ReportKind.DMARC, "", 0, 10).reports == ()


def test_of_those_that_came_at_one_moment_no_more_go_than_are_too_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All reports of one message come at one moment."""
    monkeypatch.setattr(outside_reports, "MOST_CLAIMS", 3)
    monkeypatch.setattr(outside_reports, "MOST_OF_ONE", 3)
    book = StoreOutsideReports(database)
    for number in range(6):
        said = replace(DMARC, report_id=f"f{number}", domain=f"n{number % 2}.a.example")
        book.keep(kept(said, at=7.0))
        book.keep(kept(said, Standing.CLAIMED, at=7.0))
    found = [each.standing for each in book.page(ReportKind.DMARC, "", 0, 50).reports]
    assert sorted(found) == [Standing.CLAIMED] * 3 + [Standing.PROVED] * 3

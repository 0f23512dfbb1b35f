"""Reports of others: found in messages and archives, taken once, for our domains alone, and with what is proved of the sender."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field

import pytest
from tests.reports import A_DAY, ReadingHere, dmarc_xml, gzipped, message, tls_json, zipped
from tests.worlds import SettableClock

from wardmail.assurance.report_desk import Intake, ReportDesk
from wardmail.assurance.report_reading import LARGEST, Unread, reports_in
from wardmail.assurance.report_summary import Tally
from wardmail.model.aggregate_report import (
    DmarcReport,
    KeptReport,
    ReportKind,
    ReportPage,
    Standing,
    TlsReport,
    names_as_its_own,
)

NOW = 1_800_000_000
XML = dmarc_xml(began=NOW - A_DAY)


@dataclass
class BookInMemory:
    kept: dict[tuple[object, ...], KeptReport] = field(default_factory=dict)
    most: int = 5000

    def keep(self, report: KeptReport) -> bool:
        said = report.report
        key = (report.kind, said.domain, report.told_by, said.report_id, report.standing is Standing.CLAIMED)
        return self.kept.setdefault(key, report) is report

    def page(self, kind: ReportKind, domain: str, since: float, limit: int, after: str = "") -> ReportPage:
        found, begin, most = self._asked(kind, domain, since), int(after or 0), min(limit, self.most)
        return ReportPage(tuple(found[begin : begin + most]), str(begin + most) if found[begin + most :] else "")

    def _asked(self, kind: ReportKind, domain: str, since: float) -> list[KeptReport]:
        mine = [each for each in self.kept.values() if each.kind is kind and domain in {"", each.report.domain}]
        return [each for each in mine if each.report.ended >= since]


@pytest.fixture
def desk() -> ReportDesk:
    return ReportDesk(BookInMemory(), ReadingHere(), lambda: ("trust.example",), SettableClock(float(NOW)))


@pytest.mark.parametrize(
    "octets",
    [
        XML,
        b"\xef\xbb\xbf" + XML,
        zipped(XML),
        gzipped(XML),
        message(zipped(XML)),
        message(gzipped(XML), "application/gzip", "report.xml.gz"),
        message(gzipped(XML), "application/octet-stream", "report"),
        message(XML, "text/xml", "report.xml"),
    ],
)
def test_a_report_is_found_however_it_is_packed(octets: bytes) -> None:
    (found,) = reports_in(octets)
    assert isinstance(found, DmarcReport), found


@pytest.mark.parametrize(("media", "pack"), [("application/tlsrpt+gzip", gzipped), ("application/tlsrpt+json", bytes)])
def test_tls_reports_come_in_their_own_types(media: str, pack: type[bytes]) -> None:
    (found,) = reports_in(message(pack(tls_json()), media, "report"))
    assert isinstance(found, TlsReport), found


BOMB = gzip.compress(b"<feedback>" + b" " * (40 * 1024 * 1024))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"Hello",
        b"x" * (LARGEST + 1),
        message(b"%PDF-1.7", "application/pdf", "report.pdf"),
        message(b"<html><p>hello</p></html>", "text/html", "report.html"),
        BOMB,
        zipped(b"<feedback>" + b" " * (40 * 1024 * 1024)),
        message(BOMB, "application/gzip", "report.gz"),
        zipped(XML, "one.xml", "two.xml"),
        zipped(zipped(XML), "inner.zip"),
        gzipped(gzipped(XML)),
        zipped(XML)[:-30],
        gzipped(XML)[:-30],
    ],
)
def test_what_is_none_or_means_harm_is_refused(octets: bytes) -> None:
    assert [type(each) for each in reports_in(octets)] == [Unread]


async def test_more_reports_than_anybody_sends_are_cut(desk: ReportDesk) -> None:
    part = message(zipped(XML)).partition(b"--b\r\nContent-Type: application")
    piece = b"--b\r\nContent-Type: application" + part[2].removesuffix(b"--b--\r\n")
    taken = await desk.take_message(part[0] + piece * 40 + b"--b--\r\n", "reports", "big.example")
    assert (len(taken.kept), taken.known) == (1, 9)
    assert "more than 10" in taken.refused[0]


async def test_all_reports_of_one_message_have_one_budget(desk: ReportDesk) -> None:
    large = XML.replace(b"</feedback>", b" " * (9 * 1024 * 1024) + b"</feedback>")
    part = message(gzipped(large), "application/gzip", "report.gz").partition(b"--b\r\nContent-Type: application")
    taken = await desk.take_message(
        part[0] + (part[1] + part[2].removesuffix(b"--b--\r\n")) * 3 + b"--b--\r\n", "reports", ""
    )
    assert (len(taken.kept), taken.known) == (1, 0)
    assert taken.refused == ("What is packed in it is too large.",) * 2


def standings(taken: Intake) -> list[Standing]:
    return [each.standing for each in taken.kept]


@pytest.mark.parametrize(
    ("proof", "standing"),
    [
        ("big.example", Standing.PROVED),
        ("mail.big.example", Standing.PROVED),
        ("", Standing.CLAIMED),
        ("evil.example", Standing.CLAIMED),
        ("notbig.example", Standing.CLAIMED),
    ],
)
async def test_the_sender_is_proved_when_it_is_whom_the_report_names(
    desk: ReportDesk, proof: str, standing: Standing
) -> None:
    assert standings(await desk.take_message(message(zipped(XML)), "reports", proof)) == [standing]


@pytest.mark.parametrize(
    ("reporter", "email", "proof", "standing"),
    [
        ("Yahoo", "help@parent.example", "dmarc.yahoo.example", Standing.PROVED),
        ("Yahoo", "help@parent.example", "notyahoo.example", Standing.CLAIMED),
        ("example", "x", "evil.example", Standing.CLAIMED),
        ("", "mailto:TLS@Big.Example", "big.example", Standing.PROVED),
        (".", "@", "big.example", Standing.CLAIMED),
    ],
)
def test_a_brand_is_a_name_and_a_top_level_domain_is_none(
    reporter: str, email: str, proof: str, standing: Standing
) -> None:
    report = DmarcReport("trust.example", reporter, email, "1", 0, 0, "none")
    assert names_as_its_own(report, proof) is (standing is Standing.PROVED)


async def test_who_takes_anothers_name_is_counted_under_the_own(desk: ReportDesk) -> None:
    """RFC 9990 asks only for DMARC: whoever has a domain proves that one, and no other."""
    forged = dmarc_xml(began=NOW - A_DAY, email="x@evil.example", rows=[("203.0.113.1", 999, "none", "fail", "fail")])
    assert standings(await desk.take_message(message(zipped(forged)), "reports", "evil.example")) == [Standing.PROVED]
    assert standings(await desk.take_message(message(zipped(XML)), "reports", "big.example")) == [Standing.PROVED]
    assert dict(desk.dmarc("", 30).reporters) == {"evil.example": Tally(0, 999), "big.example": Tally(8, 3)}


async def test_each_report_counts_once_and_a_claim_keeps_none_out(desk: ReportDesk) -> None:
    forged = dmarc_xml(began=NOW - A_DAY, rows=[("203.0.113.1", 10**9, "none", "fail", "fail")])
    assert standings(await desk.take_message(message(zipped(forged)), "reports", "")) == [Standing.CLAIMED]
    assert standings(await desk.take_message(message(zipped(XML)), "reports", "big.example")) == [Standing.PROVED]
    assert (
        await desk.take_message(message(gzipped(XML), "application/gzip", "r.gz"), "reports", "big.example")
    ).known == 1
    assert (await desk.take_file(XML, "oli")).known == 1
    found = desk.dmarc("", 30)
    assert (found.reports, found.claimed, found.total) == (1, 1, Tally(8, 3))
    assert [name for name, _ in found.sources] == ["192.0.2.1", "198.51.100.9"]
    assert found.dispositions == (("none", 8), ("reject", 3))


@pytest.mark.parametrize(
    "octets",
    [
        dmarc_xml("other.example", began=NOW - A_DAY),
        dmarc_xml("nottrust.example", began=NOW - A_DAY),
        dmarc_xml("example", began=NOW - A_DAY),
        dmarc_xml(began=NOW - 500 * A_DAY),
        dmarc_xml(began=NOW + 3 * A_DAY),
        dmarc_xml(began=0).replace(b"<end>86399", f"<end>{NOW}".encode()),
        dmarc_xml(began=NOW).replace(f"<end>{NOW + A_DAY - 1}".encode(), b"<end>5"),
    ],
)
async def test_other_domains_and_other_times_are_refused(desk: ReportDesk, octets: bytes) -> None:
    taken = await desk.take_file(octets, "oli")
    assert not taken.kept
    assert len(taken.refused) == 1
    assert "other.example" not in taken.words


async def test_a_domain_below_ours_is_ours(desk: ReportDesk) -> None:
    assert (await desk.take_file(dmarc_xml("news.trust.example", began=NOW - A_DAY), "oli")).kept


async def test_tls_is_summed_up(desk: ReportDesk) -> None:
    taken = await desk.take_file(tls_json("trust.example", "other.example"), "oli")
    assert (len(taken.kept), len(taken.refused)) == (1, 1)
    found = desk.tls("trust.example", 30)
    assert (found.total, found.failures) == (Tally(40, 2), (("certificate-expired", "mx.trust.example", 2),))
    assert [(day.isoformat(), tally) for day, tally in found.days] == [("2027-01-14", Tally(40, 2))]


async def test_a_sum_of_some_says_that_there_are_more() -> None:
    book = BookInMemory()
    desk = ReportDesk(book, ReadingHere(), lambda: ("trust.example",), SettableClock(float(NOW)))
    for number in range(3):
        assert (await desk.take_file(dmarc_xml(began=NOW - A_DAY, report_id=str(number)), "oli")).kept
    whole = desk.dmarc("", 30)
    book.most = 2
    cut = desk.dmarc("", 30)
    assert (whole.reports, whole.is_cut, cut.reports, cut.is_cut) == (3, False, 2, True)

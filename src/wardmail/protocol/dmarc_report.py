"""Reads DMARC aggregate reports (RFC 9990, and RFC 7489 appendix C before it). What they say is a claim of whoever sent them."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address
from xml.parsers import expat

from wardmail.model.aggregate_report import DmarcReport, DmarcRow
from wardmail.protocol.aggregate_words import MOST_ROWS, BadReport, count, domain, number, plain

_DEEPEST, _MOST_ELEMENTS, _LONGEST_TEXT = 12, 1_000_000, 2_000
_MOST_COUNTED = 20_000
"""Rows that differ, of one report: the largest reporters know no more addresses, and beyond them they are added up unnamed."""

_DISPOSITIONS = frozenset({"none", "pass", "quarantine", "reject"})
_META, _ROW = "report_metadata", "record/row"
_KEPT = frozenset(
    {
        f"{_META}/org_name",
        f"{_META}/email",
        f"{_META}/report_id",
        f"{_META}/date_range/begin",
        f"{_META}/date_range/end",
        "policy_published/domain",
        "policy_published/p",
        f"{_ROW}/source_ip",
        f"{_ROW}/count",
        f"{_ROW}/policy_evaluated/disposition",
        f"{_ROW}/policy_evaluated/dkim",
        f"{_ROW}/policy_evaluated/spf",
        "record/identifiers/header_from",
    }
)
_NAMES = frozenset({"feedback", *(name for path in _KEPT for name in path.split("/"))})
_OTHER = "?"


def read_dmarc_report(octets: bytes) -> DmarcReport:
    """Raises BadReport. Document types are refused, so nothing can define an entity and nothing is fetched."""
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = reading.begin
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.buffer_text = True
    try:
        parser.Parse(octets, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise BadReport("it is no XML that can be read") from None
    return reading.report()


def _refuse_document_type(*_: object) -> None:
    raise BadReport("it declares a document type, which no report does")


class _Reading:
    """Keeps the first text of each element that counts, and one record at a time; rows that say the same are added up."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._elements = 0
        self._texts: dict[str, str] = {}
        self._record: dict[str, str] = {}
        self._now = ""
        self._rows: Counter[DmarcRow] = Counter()
        self._rest: Counter[DmarcRow] = Counter()

    def begin(self, name: str, _: object) -> None:
        self._elements += 1
        own = name.rpartition(":")[2]
        # A name may be as long as the whole text: one that means nothing must not be in every path below it.
        self._path.append(own if own in _NAMES else _OTHER)
        if self._elements > _MOST_ELEMENTS or len(self._path) > _DEEPEST:
            raise BadReport("it is too large, or too deep")
        if len(self._path) == 1 and self._path != ["feedback"]:
            raise BadReport("it is no DMARC report")
        self._now = ""

    def text(self, text: str) -> None:
        self._now = (self._now + text)[:_LONGEST_TEXT]

    def end(self, _: str) -> None:
        where = "/".join(self._path[1:])
        if where == "record":
            self._count(self._record)
            self._record = {}
        elif where in _KEPT:
            kept = self._record if where.startswith("record/") else self._texts
            kept.setdefault(where, self._now)
        self._path.pop()
        self._now = ""

    def report(self) -> DmarcReport:
        told = self._texts
        name, published = plain(told.get(f"{_META}/org_name", "")), domain(told.get("policy_published/domain", ""))
        report_id = plain(told.get(f"{_META}/report_id", ""))
        if not (name and published and report_id):
            raise BadReport("it does not say who reports, about which domain, or by which ID")
        return DmarcReport(
            published,
            name,
            plain(told.get(f"{_META}/email", "")),
            report_id,
            number(told.get(f"{_META}/date_range/begin", ""), "beginning"),
            number(told.get(f"{_META}/date_range/end", ""), "end"),
            plain(told.get("policy_published/p", ""), 20),
            self._kept_rows(),
        )

    def _count(self, record: dict[str, str]) -> None:
        evaluated = f"{_ROW}/policy_evaluated"
        disposition = record.get(f"{evaluated}/disposition", "").strip().lower()
        row = DmarcRow(
            _address(record.get(f"{_ROW}/source_ip", "")),
            0,
            disposition if disposition in _DISPOSITIONS else "none",
            record.get(f"{evaluated}/dkim", "").strip().lower() == "pass",
            record.get(f"{evaluated}/spf", "").strip().lower() == "pass",
            domain(record.get("record/identifiers/header_from", "")),
        )
        many = count(record.get(f"{_ROW}/count", ""))
        if row in self._rows or len(self._rows) < _MOST_COUNTED:
            self._rows[row] += many
        else:
            self._rest[_without_address(row)] += many

    def _kept_rows(self) -> tuple[DmarcRow, ...]:
        """The largest one by one; what is left over without its addresses, so that the totals stay right."""
        ranked = self._rows.most_common()
        rest = self._rest.copy()
        for row, many in ranked[MOST_ROWS:]:
            rest[_without_address(row)] += many
        return tuple(
            DmarcRow(row.source, many, row.disposition, row.dkim, row.spf, row.header_from)
            for row, many in [*ranked[:MOST_ROWS], *rest.items()]
        )


def _without_address(row: DmarcRow) -> DmarcRow:
    return DmarcRow("", 0, row.disposition, row.dkim, row.spf)


def _address(text: str) -> str:
    """Without a zone (RFC 4007), which may be any text."""
    try:
        return str(ip_address(text.strip().partition("%")[0]))
    except ValueError:
        raise BadReport("a record has no network address") from None

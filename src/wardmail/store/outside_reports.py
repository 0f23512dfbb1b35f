"""What others report about our domains, each report once; claims of strangers are few, and end soon."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select, tuple_

from wardmail.model.aggregate_report import (
    DmarcReport,
    KeptReport,
    Report,
    ReportKind,
    ReportPage,
    Standing,
    TlsReport,
    names_as_its_own,
)
from wardmail.model.reading import NoSuchPage
from wardmail.model.retention import A_DAY
from wardmail.model.stored import Event
from wardmail.store import records
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database
from wardmail.store.schema_of_domains import outside_report as table

KEPT_FOR, CLAIMS_KEPT_FOR = 400 * A_DAY, 30 * A_DAY
MOST, MOST_OF_ONE, MOST_CLAIMS = 50_000, 5_000, 500
"""Of each kind, over all domains: names below ours are without end. Whoever sends more displaces the oldest of their own."""

MOST_READ = 8_000_000
"""Characters of reports that are read at once: whoever sends many that are as large as can be keeps no process busy."""

_WITHIN = (table.c.reporter, table.c.report_id, table.c.domain, table.c.is_claim)
"""The order of those that ended in the same second."""


class StoreOutsideReports:
    """Implements `ports.domains.ReportBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chain = EventChain(database)

    def keep(self, report: KeptReport) -> bool:
        said = report.report
        key = {
            "kind": report.kind.value,
            "domain": said.domain,
            "reporter": report.told_by,
            "report_id": said.report_id,
            "is_claim": report.standing is Standing.CLAIMED,
        }
        row = key | {
            "ended": said.ended,
            "received_at": report.received_at,
            "standing": report.standing.value,
            "through": report.through,
            "proof": report.proof,
            "report": records.encode(said),
        }
        with self._database.write() as connection:
            if self._is_known(connection, report, key):
                return False
            connection.execute(insert(table).values(row))
            if report.standing is Standing.IMPORTED:
                # Somebody answers for it. Who it says that it is from is a stranger's word, and stays out of the audit.
                detail: dict[str, object] = {"kind": report.kind.value}
                imported = Event("ReportImported", report.received_at, report.through, None, said.domain, detail)
                self._chain.append(connection, [imported])
            self._displace(connection, key)
        return True

    def page(self, kind: ReportKind, domain: str, since: float, limit: int, after: str = "") -> ReportPage:
        beyond = [_beyond(after)] if after else []
        query = select(table).where(*_asked(kind, domain, since), *beyond)
        query = query.order_by(table.c.ended.desc(), *_WITHIN).limit(limit + 1)
        found: list[KeptReport] = []
        left, last = MOST_READ, ""
        with self._database.read() as connection, connection.execution_options(yield_per=50).execute(query) as rows:
            for row in rows:
                left -= len(row.report)
                if found and (left < 0 or len(found) == limit):
                    return ReportPage(tuple(found), last)
                found.append(_record(row))
                last = _cursor(row)
        return ReportPage(tuple(found))

    def forget_old(self) -> None:
        now = self._database.clock.now()
        old_claim = and_(table.c.is_claim.is_(True), table.c.received_at < now - CLAIMS_KEPT_FOR)
        with self._database.write() as connection:
            connection.execute(delete(table).where(or_(table.c.ended < now - KEPT_FOR, old_claim)))

    def _is_known(self, connection: Connection, report: KeptReport, key: Mapping[str, object]) -> bool:
        alike = and_(*(table.c[name] == key[name] for name in ("kind", "domain", "report_id", "is_claim")))
        found = [_record(row) for row in connection.execute(select(table).where(alike))]
        return any(each.told_by == key["reporter"] or _is_imported_twin(each, report) for each in found)

    def _displace(self, connection: Connection, key: Mapping[str, object]) -> None:
        mine = and_(table.c.kind == key["kind"], table.c.is_claim == key["is_claim"])
        if key["is_claim"]:
            _keep_newest(connection, mine, MOST_CLAIMS)
            return
        _keep_newest(connection, and_(mine, table.c.reporter == key["reporter"]), MOST_OF_ONE)
        _keep_newest(connection, mine, MOST)


def _cursor(row: Row[Any]) -> str:
    place = [row.ended, row.reporter, row.report_id, row.domain, row.is_claim]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _beyond(cursor: str) -> ColumnElement[bool]:
    """Raises NoSuchPage."""
    try:
        ended, *within = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        names = "".join(within[:3]).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise NoSuchPage from error
    if not isinstance(ended, float) or [type(each) for each in within] != [str, str, str, bool]:
        raise NoSuchPage
    if b"\0" in names or not math.isfinite(ended):
        raise NoSuchPage
    return or_(table.c.ended < ended, and_(table.c.ended == ended, tuple_(*_WITHIN) > tuple_(*within)))


def _asked(kind: ReportKind, domain: str, since: float) -> Sequence[ColumnElement[bool]]:
    of_domain = (table.c.domain == domain,) if domain else ()
    return (table.c.kind == kind.value, table.c.ended >= since, *of_domain)


def _keep_newest(connection: Connection, mine: ColumnElement[bool], most: int) -> None:
    """By the moment they came, and of one moment by what tells them apart: no more go than there are too many."""
    place = (table.c.received_at, table.c.reporter, table.c.report_id, table.c.domain)
    order = [each.desc() for each in place]
    oldest = connection.execute(select(*place).where(mine).order_by(*order).offset(most).limit(1)).one_or_none()
    if oldest is not None:
        connection.execute(delete(table).where(mine, tuple_(*place) <= tuple_(*oldest)))


def _is_imported_twin(one: KeptReport, other: KeptReport) -> bool:
    """The same report from a file and from its sender, who is the one that the file names: anybody else may copy its ID."""
    if one.standing is other.standing or one.report.reporter != other.report.reporter:
        return False
    imported, proved = (one, other) if one.standing is Standing.IMPORTED else (other, one)
    return names_as_its_own(imported.report, proved.proof)


def _record(row: Row[Any]) -> KeptReport:
    kind: type[Report] = DmarcReport if row.kind == ReportKind.DMARC else TlsReport
    report = records.decode(kind, row.report)
    return KeptReport(report, Standing(row.standing), row.received_at, row.through, row.proof)

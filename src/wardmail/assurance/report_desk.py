"""Takes in what others report about our domains: each report once, about our domains alone, with what is proved of its sender."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from wardmail.assurance.report_reading import Unread
from wardmail.assurance.report_summary import DmarcSummary, TlsSummary, dmarc_summary, tls_summary
from wardmail.model.aggregate_report import KeptReport, Report, ReportKind, ReportPage, Standing, names_as_its_own
from wardmail.model.retention import A_DAY
from wardmail.ports import Clock
from wardmail.ports.domains import ReportBook

LONGEST_PERIOD, OLDEST, AHEAD = 8 * A_DAY, 400 * A_DAY, 2 * A_DAY
_MOST_SUMMED = 5000


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of one message or file. `known`: reports that were there already; `refused`: why, a sentence for each."""

    kept: tuple[KeptReport, ...] = ()
    known: int = 0
    refused: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """For a receipt: nothing in it is from the report."""
        counts = (("kept", len(self.kept)), ("known already", self.known), ("refused", len(self.refused)))
        said = ", ".join(f"{count} {words}" for words, count in counts if count)
        return f"reports: {said or 'none'}" + "".join(f"; {why}" for why in self.refused[:3])


class ReportReader(Protocol):
    """Finds the reports in a message, an archive or a file, as `reports_in` does."""

    async def read(self, octets: bytes) -> Sequence[Report | Unread]:
        """Raises Unavailable. What cannot be read is an Unread."""
        ...


class ReportDesk:
    """Raises Unavailable when the store does not answer. What is not async blocks."""

    def __init__(
        self, book: ReportBook, reader: ReportReader, ours: Callable[[], Collection[str]], clock: Clock
    ) -> None:
        self._book = book
        self._reader = reader
        self._ours = ours
        self._clock = clock

    async def take_message(self, message: bytes, source: str, proof: str) -> Intake:
        """From a mailbox of ours. `proof` is the author's domain where DMARC passed, else empty."""
        found = await self._reader.read(message)
        return await asyncio.to_thread(self._take, found, lambda report: _standing(report, proof), source, proof)

    async def take_file(self, octets: bytes, person: str) -> Intake:
        """From a person, who answers for where it is from."""
        found = await self._reader.read(octets)
        return await asyncio.to_thread(self._take, found, lambda _: Standing.IMPORTED, person, "")

    def kept(self, kind: ReportKind, domain: str, days: float, limit: int, after: str = "") -> ReportPage:
        """`domain` empty: of all. Fewer than `limit` where they are large. Raises NoSuchPage."""
        return self._book.page(kind, domain, self._clock.now() - days * A_DAY, limit, after)

    def dmarc(self, domain: str, days: float) -> DmarcSummary:
        return dmarc_summary(*self._summed(ReportKind.DMARC, domain, days))

    def tls(self, domain: str, days: float) -> TlsSummary:
        return tls_summary(*self._summed(ReportKind.TLS, domain, days))

    def _summed(self, kind: ReportKind, domain: str, days: float) -> tuple[Sequence[KeptReport], bool]:
        """The newest, and whether there are more."""
        found = self.kept(kind, domain, days, _MOST_SUMMED)
        return found.reports, bool(found.following)

    def _take(
        self, found: Sequence[Report | Unread], standing: Callable[[Report], Standing], through: str, proof: str
    ) -> Intake:
        now, ours = self._clock.now(), self._ours()
        kept: list[KeptReport] = []
        refused: list[str] = []
        known = 0
        for each in found:
            why = each.why if isinstance(each, Unread) else _why_not(each, ours, now)
            if why or isinstance(each, Unread):
                refused.append(why)
                continue
            taken = KeptReport(each, standing(each), now, through, proof)
            if self._book.keep(taken):
                kept.append(taken)
            else:
                known += 1
        return Intake(tuple(kept), known, tuple(refused))


def _why_not(report: Report, ours: Collection[str], now: float) -> str:
    if not any(report.domain == each or report.domain.endswith(f".{each}") for each in ours):
        return "It is about a domain that is none of ours."
    if not 0 <= report.ended - report.began <= LONGEST_PERIOD:
        return "It is about no period, or one of more than a week."
    if not now - OLDEST <= report.ended <= now + AHEAD:
        return "It is about a time long ago, or still to come."
    return ""


def _standing(report: Report, proof: str) -> Standing:
    """Proved when the domain that sent it is one that it names as its own: what others forward is a claim."""
    return Standing.PROVED if names_as_its_own(report, proof) else Standing.CLAIMED

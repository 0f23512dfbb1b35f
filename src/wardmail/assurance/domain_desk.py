"""What people ask about domains: which are ours, their records to publish, and how any of them looks from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wardmail.assurance.foreign_keys import MOST_SEEN, look_at_keys
from wardmail.assurance.mail_servers import look_at_servers
from wardmail.assurance.own_domain import PATIENCE, is_published, look_at
from wardmail.assurance.publish import DnsRecord, dkim_record, records_to_publish
from wardmail.model.integration import Integration
from wardmail.model.own_domain import DomainFinding, DomainKey, DomainReport, KeyState, KnownDomain, SpfTerm, Verdict
from wardmail.model.question import drive
from wardmail.model.stored import Full
from wardmail.ports import Clock, Resolver
from wardmail.ports.domains import DomainBook, DomainKeys, DomainReports, LookLimit, MailServers, Selectors
from wardmail.protocol.aggregate_words import plain

_LONGEST = 500

RETIRED_STAYS = 8 * 86_400.0
"""Seconds: a week, and a day for whoever enters the records."""


@dataclass(frozen=True, slots=True)
class ServersToTry:
    look: MailServers
    port: int = 25


class DomainDesk:
    def __init__(
        self,
        keys: DomainKeys,
        reports: DomainReports,
        book: DomainBook,
        resolver: Callable[[], Resolver],
        clock: Clock,
        *,
        servers: ServersToTry | None = None,
        limit: LookLimit | None = None,
        selectors: Selectors | None = None,
    ) -> None:
        """`resolver` gives a new one for each look: a record that was published a minute ago must be seen.

        `servers` None: mail servers are not tried from here. `selectors` None: nobody keeps those of others' keys.
        """
        self._keys = keys
        self._reports = reports
        self._book = book
        self._resolver = resolver
        self._clock = clock
        self._servers = servers
        self._limit = limit
        self._selectors = selectors

    async def keys(self) -> Mapping[str, Sequence[DomainKey]]:
        """By domain."""
        found: dict[str, list[DomainKey]] = {}
        for each in await asyncio.to_thread(self._keys.all):
            found.setdefault(each.domain, []).append(each)
        return found

    async def known(self) -> Mapping[str, KnownDomain]:
        return await asyncio.to_thread(self._book.all)

    async def reports(self) -> Mapping[str, DomainReport]:
        """The newest of each domain."""
        return await asyncio.to_thread(self._reports.newest)

    async def history(self, domain: str, limit: int = 20) -> Sequence[DomainReport]:
        """The newest first."""
        return await asyncio.to_thread(self._reports.of, domain, limit)

    async def verify(
        self, domain: str, *, is_ours: bool = True, person: str = "", selectors: Sequence[str] = ()
    ) -> DomainReport | Full | None:
        """Ask the DNS and the mail servers now, and keep what they say; None when the DNS took too long.

        Looks of one person are limited; `person` empty: whoever has the machine asks, or its clock. `selectors` are those
        that somebody named of another domain's keys.
        """
        if self._limit is not None and person:
            full = await asyncio.to_thread(self._limit.take, person)
            if full is not None:
                return full
        now, resolver = self._clock.now(), self._resolver()
        signing = await self._signing(domain) if is_ours else None
        report, keys = await asyncio.gather(
            look_at(domain, signing, now, resolver),
            _nothing() if is_ours else self._foreign_keys(domain, selectors, resolver),
        )
        if report is None:
            return None
        first, *others = report.findings
        servers = await self._at_servers(domain, resolver, now)
        report = _shown(replace(report, findings=(first, *keys, *others, *servers)))
        await asyncio.to_thread(self._reports.keep, report)
        return report

    async def _signing(self, domain: str) -> Sequence[DnsRecord]:
        keys = (await self.keys()).get(domain, ())
        return [_record(each) for each in keys if each.state is KeyState.ACTIVE]

    async def _foreign_keys(self, domain: str, named: Sequence[str], resolver: Resolver) -> Sequence[DomainFinding]:
        """A selector under which there is a key is looked at again the next time, whoever named it."""
        book = self._selectors
        seen = await asyncio.to_thread(book.of, domain, MOST_SEEN) if book is not None else ()
        look = await look_at_keys(domain, (*named, *seen), resolver, PATIENCE)
        new = [each for each in named if each in look.found]
        if book is not None and new:
            await asyncio.to_thread(book.note, domain, new)
        return look.findings

    async def _at_servers(self, domain: str, resolver: Resolver, now: float) -> Sequence[DomainFinding]:
        if self._servers is None:
            return ()
        try:
            async with asyncio.timeout(PATIENCE):
                return await look_at_servers(domain, resolver, self._servers.look, self._servers.port, now)
        except TimeoutError:
            return (
                DomainFinding("TLS", Verdict.UNKNOWN, "Its mail servers took too long. That says nothing about them."),
            )

    async def is_published(self, key: DomainKey) -> bool | None:
        """Whether the DNS has the key's record as we would sign; None when it does not say."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await drive(is_published(_record(key)), self._resolver())
        except TimeoutError:
            return None


def _shown(report: DomainReport) -> DomainReport:
    """Names and terms are what the domain's owner wrote: none is too long for a page, or steers a terminal."""
    findings = tuple(
        DomainFinding(plain(each.check, _LONGEST), each.verdict, plain(each.found, _LONGEST), each.to_do)
        for each in report.findings
    )
    spf = tuple(
        SpfTerm(each.depth, plain(each.term, _LONGEST), each.lookups, plain(each.problem, _LONGEST))
        for each in report.spf
    )
    return replace(report, findings=findings, spf=spf)


async def _nothing() -> Sequence[DomainFinding]:
    return ()


def records_for(domain: str, keys: Sequence[DomainKey], now: float) -> Sequence[DnsRecord]:
    """What to publish; retired keys stay up for a week, so that signatures on their way can be checked."""
    standing = [
        each
        for each in keys
        if each.state is not KeyState.RETIRED or each.moved_at is None or each.moved_at > now - RETIRED_STAYS
    ]
    return records_to_publish(domain, [_parts(each) for each in standing])


def our_domains(
    integrations: Iterable[Integration], keyed: Iterable[str], known: Mapping[str, KnownDomain]
) -> Sequence[str]:
    """What integrations send as, what there is a key for, and what somebody put on record as ours."""
    sent = {sender.rpartition("@")[2] for each in integrations for sender in each.senders}
    return sorted(sent | set(keyed) | {name for name, each in known.items() if each.is_ours})


def _record(key: DomainKey) -> DnsRecord:
    return dkim_record(key.domain, *_parts(key))


def _parts(key: DomainKey) -> tuple[str, str, bytes]:
    return key.selector, key.algorithm, key.public

"""What people ask about our own sender domains: their keys, the records to publish, and how they look from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from wardmail.assurance.own_domain import look_at
from wardmail.assurance.publish import DnsRecord, dkim_record, records_to_publish
from wardmail.model.integration import Integration
from wardmail.model.own_domain import DomainKey, DomainReport
from wardmail.model.question import drive
from wardmail.ports import Clock, Resolver
from wardmail.ports.domains import DomainKeys, DomainReports

_PATIENCE = 20.0
"""Seconds for which somebody waits at a page for all answers of the DNS."""


class DomainDesk:
    def __init__(self, keys: DomainKeys, reports: DomainReports, resolver: Resolver, clock: Clock) -> None:
        self._keys = keys
        self._reports = reports
        self._resolver = resolver
        self._clock = clock

    async def keys(self) -> Mapping[str, Sequence[DomainKey]]:
        """By domain."""
        found: dict[str, list[DomainKey]] = {}
        for each in await asyncio.to_thread(self._keys.all):
            found.setdefault(each.domain, []).append(each)
        return found

    async def reports(self) -> Mapping[str, DomainReport]:
        return await asyncio.to_thread(self._reports.all)

    async def verify(self, domain: str) -> DomainReport | None:
        """Ask the DNS now, and keep what it says; None when it took too long."""
        keys = (await self.keys()).get(domain, ())
        active = [dkim_record(domain, *_parts(each)) for each in keys if each.state != "retired"]
        try:
            async with asyncio.timeout(_PATIENCE):
                report = await drive(look_at(domain, active, self._clock.now()), self._resolver)
        except TimeoutError:
            return None
        await asyncio.to_thread(self._reports.keep, report)
        return report


def records_for(domain: str, keys: Sequence[DomainKey]) -> Sequence[DnsRecord]:
    """What to publish; retired keys stay up for a week, so that signatures on their way can be checked."""
    return records_to_publish(domain, [_parts(each) for each in keys])


def sender_domains(integrations: Iterable[Integration], keyed: Iterable[str]) -> Sequence[str]:
    """Ours: what integrations send as, and what there is a key for."""
    sent = {sender.rpartition("@")[2] for each in integrations for sender in each.senders}
    return sorted(sent | set(keyed))


def _parts(key: DomainKey) -> tuple[str, str, bytes]:
    return key.selector, key.algorithm, key.public

"""Delivers to the recipients' own servers, found by MX, as far as DANE and MTA-STS let them be trusted."""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wardmail.edges.connection_pool import ConnectionPool
from wardmail.edges.offering import Offer, groups, offer
from wardmail.edges.upstream import TlsDemand, Upstream
from wardmail.model.consignment import AttemptResult, ConsignedRecipient, Consignment
from wardmail.model.delivery import AttemptTls, Deferred, Failed
from wardmail.model.question import drive
from wardmail.model.route import Route, TlsLevel, TlsMode
from wardmail.ports import Clock, Resolver
from wardmail.posture.mail_host import MailHost, examine_host
from wardmail.posture.mta_sts import CachedPolicy, StsMode, StsPolicy, find_sts_policy
from wardmail.posture.mx import find_mail_hosts

_MAX_HOSTS = 5
_MAX_ADDRESSES = 2
_MAX_POLICIES = 10_000


@dataclass(frozen=True, slots=True)
class DirectSettings:
    """`allow_loopback`: a domain may name this machine as its mail server, which otherwise is a loop or a trick."""

    port: int = 25
    allow_loopback: bool = False


@dataclass(frozen=True, slots=True)
class _Errand:
    """One domain's share of a consignment; `required` is the least that its TLS must achieve."""

    consignment: Consignment
    route: Route
    recipients: tuple[ConsignedRecipient, ...]
    required: TlsLevel


class DirectCourier:
    """Implements `ports.Courier`. MTA-STS policies are remembered in memory until they expire."""

    def __init__(self, pool: ConnectionPool, resolver: Resolver, clock: Clock, settings: DirectSettings) -> None:
        self._pool = pool
        self._resolver = resolver
        self._clock = clock
        self._settings = settings
        self._policies: OrderedDict[str, CachedPolicy] = OrderedDict()

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        required = TlsLevel.VERIFIED if consignment.require_tls else max(route.tls, consignment.tls)
        by_domain: dict[str, list[ConsignedRecipient]] = {}
        for recipient in consignment.recipients:
            by_domain.setdefault(recipient.address.domain, []).append(recipient)
        shares = await asyncio.gather(
            *(
                self._run(_Errand(consignment, route, tuple(recipients), required), domain)
                for domain, recipients in by_domain.items()
            )
        )
        return [result for share in shares for result in share]

    async def close(self) -> None:
        await self._pool.close()

    async def _run(self, errand: _Errand, domain: str) -> list[AttemptResult]:
        found = await drive(find_mail_hosts(domain, random.getrandbits(32)), self._resolver)
        if isinstance(found, Deferred | Failed):
            return _undelivered(errand, "", found)
        policy = await self._enforced_policy(domain)
        setbacks: list[tuple[str, Deferred | Failed]] = []
        for name in found.hosts[:_MAX_HOSTS]:
            candidates = await self._candidates(name, found.authenticated, policy, errand)
            if isinstance(candidates, Deferred | Failed):
                setbacks.append((name, candidates))
                continue
            for upstream in candidates:
                offered = await self._offer(errand, upstream)
                if offered.no_connection is None:
                    return offered.results
                setbacks.append((name, offered.no_connection))
        # What may mend itself outweighs what will not, and the preferred host's words outweigh the others'.
        setbacks.sort(key=lambda setback: isinstance(setback[1], Failed))
        return _undelivered(errand, *setbacks[0])

    async def _candidates(
        self, name: str, listed_securely: bool, policy: StsPolicy | None, errand: _Errand
    ) -> list[Upstream] | Deferred | Failed:
        inquiry = examine_host(name, self._settings.port, listed_securely=listed_securely)
        host = await drive(inquiry, self._resolver)
        if isinstance(host, Deferred | Failed):
            return host
        demand = _demand(host, policy, errand)
        if isinstance(demand, Deferred):
            return demand
        addresses = [address for address in host.addresses if self._may_connect(address)]
        if not addresses:
            why = f"{name} is said to be at an address of this machine or of no machine at all."
            return Deferred(why, counts=False, error="WM-DNS-LOOP", status="4.4.6")
        port = self._settings.port
        return [
            Upstream(errand.route, name, address, port, TlsMode.STARTTLS, demand)
            for address in addresses[:_MAX_ADDRESSES]
        ]

    async def _offer(self, errand: _Errand, upstream: Upstream) -> Offer:
        results: list[AttemptResult] = []
        for group in groups(errand.recipients, errand.route):
            offered = await offer(self._pool, upstream, errand.consignment, group, to_mailbox=True)
            stop = offered.no_connection
            if stop is not None and stop.error == "WM-TLS-REFUSED" and upstream.tls.level is TlsLevel.NONE:
                # Opportunistic: this host offers TLS that does not work, and nothing asked for TLS.
                upstream = replace(upstream, tls=replace(upstream.tls, is_tried=False))
                offered = await offer(self._pool, upstream, errand.consignment, group, to_mailbox=True)
            if offered.no_connection is not None and not results:
                return offered
            results += offered.results
        return Offer(results)

    async def _enforced_policy(self, domain: str) -> StsPolicy | None:
        finding = await drive(find_sts_policy(domain, self._policies.get(domain), self._clock.now()), self._resolver)
        if finding.current is None:
            self._policies.pop(domain, None)
            return None
        self._policies[domain] = finding.current
        self._policies.move_to_end(domain)
        if len(self._policies) > _MAX_POLICIES:
            self._policies.popitem(last=False)
        policy = finding.current.policy
        return policy if policy.mode is StsMode.ENFORCE else None

    def _may_connect(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        if parsed.is_unspecified or parsed.is_multicast or parsed.is_link_local:
            return False
        return self._settings.allow_loopback or not parsed.is_loopback


def _demand(host: MailHost, policy: StsPolicy | None, errand: _Errand) -> TlsDemand | Deferred:
    """What TLS must prove about one host. DANE comes before MTA-STS (RFC 8461 section 2)."""
    ca_file = errand.route.ca_file
    if host.dane.records:
        return TlsDemand(TlsLevel.VERIFIED, ca_file, host.dane.records)
    if policy is not None:
        if policy.allows(host.name):
            return TlsDemand(TlsLevel.VERIFIED, ca_file, vouched_by="MTA-STS")
        why = f"The domain's MTA-STS policy does not name {host.name} as one of its servers."
        return Deferred(why, counts=False, error="WM-TLS-STS", status="4.7.5")
    if errand.required is TlsLevel.VERIFIED:
        why = f"Nothing proves the name of {host.name}: it has neither DANE nor an enforced MTA-STS policy."
        return Deferred(why, counts=False, error="WM-TLS-UNVERIFIED", status="4.7.5")
    least = TlsLevel.ENCRYPTED if host.dane.demands_tls else TlsLevel.NONE
    return TlsDemand(max(errand.required, least), ca_file)


def _undelivered(errand: _Errand, host: str, outcome: Deferred | Failed) -> list[AttemptResult]:
    tls = AttemptTls(errand.required, TlsLevel.NONE)
    return [AttemptResult(recipient.id, outcome, tls, host) for recipient in errand.recipients]

"""Counts what each address does to a listener: open connections, connections a minute, failed log-ins."""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from dataclasses import dataclass

from wardmail.edges.smtp_settings import PeerLimits


@dataclass(slots=True)
class _Tally:
    """A count since a moment; `locked_until` is 0 unless the count went over its ceiling."""

    since: float
    count: int = 0
    locked_until: float = 0.0


class PeerLedger:
    """Times are of any steady clock, in seconds. Memory is bounded: who was quiet for longest is forgotten first."""

    def __init__(self, limits: PeerLimits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._tallies: OrderedDict[tuple[str, str], _Tally] = OrderedDict()

    def admit(self, peer: str, now: float) -> str | None:
        """Count a new connection. The answer says why it is not wanted, or None; pair each call with `release`."""
        block = network_of(peer)
        self._open[block] += 1
        if self._is_locked(("failures", block), now) or self._is_locked(("banned", block), now):
            return "Too many failures from your address: try again later"
        if self._limits.connections is not None and self._open[block] > self._limits.connections:
            return "Too many connections from your address"
        per_minute = self._limits.connections_per_minute
        if per_minute is not None and self._count(("connections", block), now, 60.0).count > per_minute:
            return "Too many connections from your address in a minute"
        return None

    def release(self, peer: str) -> None:
        block = network_of(peer)
        self._open[block] -= 1
        if self._open[block] <= 0:
            del self._open[block]

    def record_failed_login(self, peer: str, username: str, now: float) -> None:
        block = network_of(peer)
        for key, ceiling in (
            (("failures", block), self._limits.failed_logins),
            ((block, username), self._limits.failed_logins_per_user),
        ):
            tally = self._count(key, now, self._limits.failure_window)
            if tally.count >= ceiling:
                tally.locked_until = now + self._limits.lockout

    def is_locked_out(self, peer: str, username: str, now: float) -> bool:
        """Whether this user name may not be tried from this address for now."""
        block = network_of(peer)
        return self._is_locked((block, username), now) or self._is_locked(("failures", block), now)

    def ban(self, peer: str, now: float) -> None:
        """For a client that does not speak SMTP at all."""
        self._count(("banned", network_of(peer)), now, 60.0).locked_until = now + 60.0

    def _is_locked(self, key: tuple[str, str], now: float) -> bool:
        tally = self._tallies.get(key)
        return tally is not None and now < tally.locked_until

    def _count(self, key: tuple[str, str], now: float, window: float) -> _Tally:
        tally = self._tallies.pop(key, None)
        if tally is None or now - tally.since > window:
            tally = _Tally(now)
        tally.count += 1
        self._tallies[key] = tally
        if len(self._tallies) > self._limits.remembered_addresses:
            self._tallies.popitem(last=False)
        return tally


def network_of(peer: str) -> str:
    """What one sender can be held to: an IPv4 address, or the /64 that an IPv6 host chooses its addresses from."""
    if ":" not in peer:
        return peer
    try:
        address = ipaddress.IPv6Address(peer.partition("%")[0])
    except ValueError:
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))

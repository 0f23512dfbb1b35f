"""Delivers to a route that names its upstream: smarthost, NHSmail, Exchange Online by SMTP."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.edges.connection_pool import ConnectionPool
from wardmail.edges.offering import groups, offer
from wardmail.edges.upstream import TlsDemand, Upstream
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.route import AuthMechanism, Route, TlsLevel


class SmtpCourier:
    """Implements `ports.Courier`."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        upstream = _upstream(route, consignment)
        results: list[AttemptResult] = []
        for group in groups(consignment.recipients, route):
            offered = await offer(self._pool, upstream, consignment, group, to_mailbox=False)
            results += offered.results
        return results

    async def close(self) -> None:
        await self._pool.close()


def _upstream(route: Route, consignment: Consignment) -> Upstream:
    level = max(route.tls, consignment.tls)
    if route.auth is not AuthMechanism.NONE or consignment.require_tls:
        level = TlsLevel.VERIFIED
    tls = TlsDemand(level, route.ca_file)
    return Upstream(route, route.host, route.host, route.port, route.tls_mode, tls)

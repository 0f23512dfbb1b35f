"""Gives each consignment to the courier that its route's kind asks for, and lets no exception out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from wardmail.edges.connection_pool import ConnectionPool
from wardmail.edges.direct_courier import DirectCourier, DirectSettings
from wardmail.edges.notify_courier import NotifyCourier
from wardmail.edges.oauth import TokenSource
from wardmail.edges.sandbox_courier import SandboxCourier
from wardmail.edges.smtp_courier import SmtpCourier
from wardmail.edges.smtp_opening import SmtpOpener
from wardmail.edges.upstream import CourierSettings
from wardmail.edges.upstream_login import UpstreamLogin
from wardmail.edges.upstream_tls import UpstreamTls
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.delivery import AttemptTls, Deferred
from wardmail.model.route import Route, RouteKind, TlsLevel
from wardmail.ports import Clock, Courier, Resolver, Secrets

_log = logging.getLogger(__name__)


class RoutedCourier:
    """Implements `ports.Courier` by others that do, one for each kind of route."""

    def __init__(self, by_kind: Mapping[RouteKind, Courier]) -> None:
        self._by_kind = by_kind

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        courier = self._by_kind.get(route.kind)
        if courier is None:
            why = f"This installation has no courier for routes of the kind {route.kind.value}."
            return _all_deferred(consignment, Deferred(why, counts=False, error="WM-ROUTE-KIND", status="4.3.5"))
        try:
            return await courier.deliver(consignment, route)
        except Exception as error:
            # The text of an unforeseen exception may hold part of a message; its type and place do not.
            _log.error("delivery of %s by %s broke: %s", consignment.message_id, route.name, type(error).__name__)
            why = "The gateway made a mistake in this delivery; it is tried again, and logged."
            return _all_deferred(consignment, Deferred(why, error="WM-DELIVERY-INTERNAL", status="4.3.0"))

    async def close(self) -> None:
        for courier in {id(courier): courier for courier in self._by_kind.values()}.values():
            await courier.close()


def assemble_courier(
    settings: CourierSettings,
    secrets: Secrets,
    clock: Clock,
    resolver: Resolver,
    *,
    sandbox_directory: Path,
    direct: DirectSettings,
    oauth_ca_file: str | None = None,
) -> RoutedCourier:
    """Every kind of route, over one pool of connections. `oauth_ca_file`: a private authority of HTTPS services."""
    tls = UpstreamTls(clock)
    login = UpstreamLogin(secrets, TokenSource(secrets, clock, oauth_ca_file))
    pool = ConnectionPool(SmtpOpener(settings, tls, login), tls, settings.idle_timeout)
    smtp = SmtpCourier(pool)
    return RoutedCourier(
        {
            RouteKind.SMARTHOST: smtp,
            RouteKind.NHSMAIL: smtp,
            RouteKind.EXCHANGE_ONLINE: smtp,
            RouteKind.DIRECT: DirectCourier(pool, resolver, clock, direct),
            RouteKind.SANDBOX: SandboxCourier(sandbox_directory),
            RouteKind.GOVUK_NOTIFY: NotifyCourier(secrets, clock, oauth_ca_file),
        }
    )


def _all_deferred(consignment: Consignment, outcome: Deferred) -> list[AttemptResult]:
    tls = AttemptTls(consignment.tls, TlsLevel.NONE)
    return [AttemptResult(recipient.id, outcome, tls) for recipient in consignment.recipients]

"""Gives each parcel to the courier that its handover's kind asks for, and lets no exception out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping

from wardmail.edges.connection_pool import ConnectionPool
from wardmail.edges.handovers.forward import SmtpHandover
from wardmail.edges.handovers.lmtp import LmtpHandover
from wardmail.edges.handovers.maildir import MaildirHandover
from wardmail.edges.handovers.reports import ReportsHandover, TakeReport
from wardmail.edges.handovers.webhook import WebhookHandover
from wardmail.edges.oauth import TokenSource
from wardmail.edges.smtp_opening import SmtpOpener
from wardmail.edges.upstream import CourierSettings
from wardmail.edges.upstream_login import UpstreamLogin
from wardmail.edges.upstream_tls import UpstreamTls
from wardmail.model.handover import Handover, HandoverKind, NotTaken, Parcel, Taken
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock, HandoverCourier, Secrets

_log = logging.getLogger(__name__)


class RoutedHandover:
    """Implements `ports.HandoverCourier` by others that do, one for each kind."""

    def __init__(self, by_kind: Mapping[HandoverKind, HandoverCourier]) -> None:
        self._by_kind = by_kind

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        courier = self._by_kind.get(terms.kind)
        if courier is None:
            return NotTaken(f"This installation cannot hand over by {terms.kind.value}.")
        try:
            return await courier.hand_over(parcel, terms)
        except Unavailable as error:
            return NotTaken(f"{error.part} is not available.")
        except Exception as error:
            # The text of an unforeseen exception may hold part of a message; its type does not.
            _log.error("handing over %s by %s broke: %s", parcel.id, terms.kind.value, type(error).__name__)
            return NotTaken("The gateway made a mistake in this handover; it is tried again, and logged.")

    async def close(self) -> None:
        for courier in {id(courier): courier for courier in self._by_kind.values()}.values():
            await courier.close()


def assemble_handovers(
    secrets: Secrets, clock: Clock, *, hostname: str, take_report: TakeReport | None = None
) -> RoutedHandover:
    """Every kind that is installed; what an application collects itself needs no courier."""
    tls = UpstreamTls(clock)
    login = UpstreamLogin(secrets, TokenSource(secrets, clock, None))
    settings = CourierSettings(helo=hostname)
    by_kind: dict[HandoverKind, HandoverCourier] = {
        HandoverKind.MAILDIR: MaildirHandover(),
        HandoverKind.WEBHOOK: WebhookHandover(secrets, clock),
        HandoverKind.SMTP: SmtpHandover(ConnectionPool(SmtpOpener(settings, tls, login), tls, settings.idle_timeout)),
        HandoverKind.LMTP: LmtpHandover(hostname),
    }
    if take_report is not None:
        by_kind[HandoverKind.REPORTS] = ReportsHandover(take_report)
    with contextlib.suppress(ImportError):  # the extra `imap`
        from wardmail.edges.handovers.imap_append import ImapHandover

        by_kind[HandoverKind.IMAP] = ImapHandover(secrets)
    return RoutedHandover(by_kind)

"""Hands over to the application's own mail server by SMTP, as any courier delivers: TLS with its name proved."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.edges.connection_pool import ConnectionPool
from wardmail.edges.handovers.addresses import sender_of, whom
from wardmail.edges.smtp_courier import SmtpCourier
from wardmail.model.consignment import AttemptResult, ConsignedRecipient, Consignment
from wardmail.model.delivery import Ambiguous, Deferred, Delivered, Failed, HandedOn
from wardmail.model.handover import Handover, NotTaken, Parcel, Taken
from wardmail.model.message import MemoryBody
from wardmail.model.route import AuthMechanism, Route, RouteKind, TlsLevel
from wardmail.protocol.raw_header import with_strict_lines


class SmtpHandover:
    """Implements `ports.HandoverCourier` over the pool of connections that outgoing mail uses as well."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._courier = SmtpCourier(pool)

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        recipients = whom(parcel, terms)
        if not recipients:
            return NotTaken("Nobody is named to forward it to: say --to.", permanent=True)
        head, blank, body = with_strict_lines(parcel.message).partition(b"\r\n\r\n")
        consignment = Consignment(
            message_id=parcel.id,
            route=f"handover {terms.integration}",
            sender=sender_of(parcel),
            recipients=tuple(ConsignedRecipient(n, address) for n, address in enumerate(recipients)),
            head=head + b"\r\n",
            body=MemoryBody((body,) if blank else ()),
            tls=TlsLevel.VERIFIED,
            eight_bit=not parcel.message.isascii(),
            smtputf8=not head.isascii(),
            integration_id=terms.integration,
            received_at=parcel.received_at,
        )
        return _outcome(await self._courier.deliver(consignment, _route(terms)))

    async def close(self) -> None:
        await self._courier.close()


def _route(terms: Handover) -> Route:
    return Route(
        name=f"handover {terms.integration}",
        kind=RouteKind.SMARTHOST,
        host=terms.host,
        port=terms.port or 25,
        tls_mode=terms.tls_mode,
        tls=TlsLevel.VERIFIED,
        ca_file=terms.ca_file,
        auth=AuthMechanism.PLAIN if terms.username else AuthMechanism.NONE,
        username=terms.username,
        secret_ref=terms.secret_ref,
    )


def _outcome(results: Sequence[AttemptResult]) -> Taken | NotTaken:
    """All recipients or none: what is tried again goes to all of them, with the same key."""
    outcomes = [each.outcome for each in results]
    failed = [each for each in outcomes if isinstance(each, Failed)]
    waiting = [each for each in outcomes if isinstance(each, Deferred | Ambiguous)]
    if waiting or not outcomes:
        return NotTaken(f"Its server has not taken it: {waiting[0].why if waiting else 'it said nothing'}")
    if failed:
        return NotTaken(f"Its server refuses it: {failed[0].why}", permanent=True)
    first = outcomes[0]
    reply = first.reply if isinstance(first, Delivered | HandedOn) else None
    return Taken(f"{reply.code} {reply.status} {reply.text}" if reply is not None else "250")

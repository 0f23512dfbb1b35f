"""Offers one message to one upstream, once, for some of its recipients; a stale connection is replaced unnoticed."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.edges.connection_pool import ConnectionPool
from wardmail.edges.smtp_opening import no_tls
from wardmail.edges.upstream import Upstream
from wardmail.model.consignment import ConsignedRecipient, Consignment
from wardmail.model.delivery import AttemptOutcome, AttemptTls, Deferred
from wardmail.protocol.smtp_client import Transaction


@dataclass(frozen=True, slots=True)
class Offer:
    """What came of it, by recipient ID. `no_connection` is set when the message was never offered."""

    outcomes: dict[int, AttemptOutcome]
    tls: AttemptTls
    no_connection: Deferred | None = None


async def offer(
    pool: ConnectionPool,
    upstream: Upstream,
    consignment: Consignment,
    recipients: tuple[ConsignedRecipient, ...],
    *,
    to_mailbox: bool,
) -> Offer:
    fresh = False
    while True:
        connection = await pool.lease(upstream, fresh=fresh)
        if isinstance(connection, Deferred):
            return Offer({recipient.id: connection for recipient in recipients}, no_tls(upstream), connection)
        was_used = connection.transactions > 0
        transaction = Transaction(consignment, recipients, connection.features, to_mailbox=to_mailbox)
        try:
            await connection.transact(transaction)
        finally:
            pool.give_back(upstream, connection)
        if was_used and not fresh and not connection.is_usable and not transaction.is_answered:
            # The server had closed an idle connection, and we learned it only now.
            fresh = True
            continue
        return Offer(transaction.outcomes, connection.tls)

"""Offers one message to one upstream, once, for some of its recipients; a stale connection is replaced unnoticed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from wardmail.edges.connection_pool import ConnectionPool
from wardmail.edges.smtp_opening import no_tls
from wardmail.edges.upstream import Upstream
from wardmail.model.consignment import AttemptResult, ConsignedRecipient, Consignment
from wardmail.model.delivery import Deferred
from wardmail.model.route import Route
from wardmail.protocol.smtp_client import Transaction


@dataclass(frozen=True, slots=True)
class Offer:
    """`no_connection` is set when the message was never offered."""

    results: list[AttemptResult]
    no_connection: Deferred | None = None


async def offer(
    pool: ConnectionPool,
    upstream: Upstream,
    consignment: Consignment,
    recipients: tuple[ConsignedRecipient, ...],
    *,
    to_mailbox: bool,
) -> Offer:
    began = time.monotonic()
    fresh = False
    while True:
        connection = await pool.lease(upstream, fresh=fresh)
        if isinstance(connection, Deferred):
            tls, seconds = no_tls(upstream), time.monotonic() - began
            return Offer(
                [AttemptResult(recipient.id, connection, tls, upstream.host, seconds) for recipient in recipients],
                connection,
            )
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
        seconds = time.monotonic() - began
        return Offer(
            [
                AttemptResult(recipient.id, transaction.outcomes[recipient.id], connection.tls, upstream.host, seconds)
                for recipient in recipients
            ]
        )


def groups(recipients: tuple[ConsignedRecipient, ...], route: Route) -> Iterator[tuple[ConsignedRecipient, ...]]:
    """As many at a time as the route's servers take."""
    size = max(1, route.limits.recipients_per_message)
    for start in range(0, len(recipients), size):
        yield recipients[start : start + size]

"""Stage 1: what was brought or collected becomes an arrival, one for each source that it is for."""

from __future__ import annotations

from dataclasses import replace

from wardmail.inbound.world import InboundWorld
from wardmail.model.arrival import Arrival, Arrived, RawMail, Reception
from wardmail.model.message import MemoryBody
from wardmail.model.source import Source
from wardmail.protocol.raw_header import count_fields
from wardmail.protocol.search_terms import terms_of_letter


def received(world: InboundWorld, reception: Reception, exceptions: dict[str, str]) -> tuple[Arrived, ...]:
    """One arrival for each source, leased to this process. `exceptions`: by source, why TLS was not required."""
    by_source: dict[str, list[str]] = {}
    for recipient in reception.recipients:
        source = smtp_source_for(world, str(recipient), recipient.domain)
        if source is not None:
            by_source.setdefault(source.name, []).append(str(recipient))
    sources = world.register.snapshot.sources
    arrived = []
    for number, (name, recipients) in enumerate(by_source.items()):
        arrival = Arrival(
            id=reception.id if number == 0 else world.new_id(),
            source=name,
            integration=sources[name].integration,
            via=sources[name].kind.value,
            received_at=reception.received_at,
            size=reception.raw.size,
            peer=reception.peer,
            helo=reception.helo,
            tls=reception.tls,
            exception="" if reception.tls else exceptions.get(name, ""),
            sender=str(reception.sender) if reception.sender else "",
            recipients=tuple(dict.fromkeys(recipients)),
            smtputf8=reception.smtputf8,
        )
        arrived.append(in_hand(world, arrival, reception.raw))
    return tuple(arrived)


def collected(world: InboundWorld, source: Source, message: bytes) -> Arrived:
    """Collected mail has no envelope: who sent it, and by whom it came, is in its own header fields, or nowhere."""
    arrival = Arrival(
        id=world.new_id(),
        source=source.name,
        integration=source.integration,
        via=source.kind.value,
        received_at=world.clock.now(),
        size=len(message),
    )
    return in_hand(world, arrival, RawMail(b"", MemoryBody((message,))))


def in_hand(world: InboundWorld, arrival: Arrival, raw: RawMail) -> Arrived:
    """This process goes on with it at once; when it dies, another one does, after the lease."""
    due_at = arrival.received_at + world.settings.lease
    days, terms = world.term_of(arrival.integration), terms_of_letter(_beginning(raw))
    return Arrived(replace(arrival, due_at=due_at), raw, days, world.owner, terms)


def _beginning(raw: RawMail) -> bytes:
    """With the header, or as much of it as is read for this; nothing of a spooled body, which would have to be opened."""
    if raw.head or raw.body.is_spooled:
        return raw.head
    return next(raw.body.chunks(), b"")


def smtp_source_for(world: InboundWorld, address: str, domain: str) -> Source | None:
    """The source that takes mail for this address: one that names it, before one that takes the whole domain.

    A local part is compared without regard to case: what a sender's clerk types is what people mean.
    """
    wanted = (address.lower(), f"@{domain.lower()}")
    for form in wanted:
        for source in world.register.snapshot.sources.values():
            if source.smtp is not None and form in {each.lower() for each in source.smtp.recipients}:
                return source
    return None


def is_loop(world: InboundWorld, raw: RawMail) -> bool:
    """It has been relayed too often (RFC 5321 section 6.3)."""
    return count_fields(raw.head, b"received") > world.settings.most_received_fields

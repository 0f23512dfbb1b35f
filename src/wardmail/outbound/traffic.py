"""What a message is counted as: declared mass mail, one of many alike, and what it costs its integration (SEND-3, SEND-4)."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from wardmail.model.integration import Integration
from wardmail.model.message import Envelope
from wardmail.model.refusal import Refusal
from wardmail.model.register import RegisterSnapshot
from wardmail.model.stored import Charge
from wardmail.model.traffic import Sighting
from wardmail.outbound.classification import Reading
from wardmail.protocol.headers import HeaderBlock

FIELD = b"wardmail-bulk"
MINUTE, DAY = 60, 86_400

_LIST_FIELDS = (b"list-unsubscribe", b"list-id", b"feedback-id")
_BAD_FIELD = Refusal(550, "5.6.0", "Wardmail-Bulk must be yes or no", "WM-BULK-UNKNOWN")


@dataclass(frozen=True, slots=True)
class Counting:
    """How the store counts one message. `bulk`: it is certainly mass mail, and is kept as such."""

    charges: tuple[Charge, ...]
    bulk: bool
    sighting: Sighting | None


def declares_bulk(integration: Integration, block: HeaderBlock, envelope: Envelope) -> bool | Refusal:
    """By its header or its fan-out. `Wardmail-Bulk: no` takes nothing back: no sign lowers another."""
    words = [value.strip().lower() for value in block.get_all(FIELD)]
    if not set(words) <= {b"yes", b"no"}:
        return _BAD_FIELD
    if b"yes" in words or len(envelope.recipients) > integration.traffic.bulk.fan_out:
        return True
    if any(block.get(name) is not None for name in _LIST_FIELDS):
        return True
    return any(value.strip().lower() in (b"bulk", b"list", b"junk") for value in block.get_all(b"precedence"))


def is_compared(integration: Integration, snapshot: RegisterSnapshot) -> bool:
    """Nobody needs to know whether mail is bulk when all of the integration's mail goes by a route that carries it."""
    route = snapshot.routes.get(integration.route)
    goes_anyway = route is not None and route.carries_bulk and integration.traffic.bulk_route in ("", route.name)
    return integration.traffic.bulk.recipients is not None and not goes_anyway


def sighting_of(integration: Integration, reading: Reading, envelope: Envelope) -> Sighting | None:
    """What the store compares with what this integration sent lately; None when it is not compared."""
    terms = integration.traffic.bulk
    if terms.recipients is None or not reading.sketch:
        return None
    people = tuple(_number_of(str(each.address)) for each in envelope.recipients)
    return Sighting(integration.id, reading.sketch, people, terms.recipients, terms.window, reading.is_read)


def charges_of(integration: Integration, envelope: Envelope, recipients: int) -> tuple[Charge, ...]:
    """What one message costs its integration and its sender (SEND-3); counted in the transaction that stores it."""
    limits, traffic = integration.limits, integration.traffic
    wanted = [
        (f"messages:{integration.id}", 1, limits.messages_per_minute, MINUTE),
        (f"messages:{integration.id}", 1, limits.messages_per_day, DAY),
        (f"recipients:{integration.id}", recipients, limits.recipients_per_minute, MINUTE),
        (f"recipients:{integration.id}", recipients, limits.recipients_per_day, DAY),
    ]
    if envelope.sender is not None:
        # By the address alone: two integrations that send in one name share what it may send.
        sender = str(envelope.sender).lower()
        wanted += [
            (f"sender-messages:{sender}", 1, traffic.sender_messages_per_minute, MINUTE),
            (f"sender-recipients:{sender}", recipients, traffic.sender_recipients_per_day, DAY),
        ]
    return tuple(Charge(key, amount, limit, window) for key, amount, limit, window in wanted if limit is not None)


def _number_of(address: str) -> int:
    """CRC is linear, and the low bits of like addresses must not be alike: so it is multiplied, and its top is used."""
    return (crc32(address.lower().encode()) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 24

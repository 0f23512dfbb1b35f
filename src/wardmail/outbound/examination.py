"""One look through a message's content: the DKIM body hash, 8-bit or not, and what its text says of its sensitivity."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.integration import Integration
from wardmail.model.message import Body
from wardmail.outbound.classification import Reading, read_marks
from wardmail.protect.canonical import RelaxedBodyHash
from wardmail.protocol.headers import HeaderBlock


@dataclass(frozen=True, slots=True)
class Examination:
    """`body_hash` is the relaxed-canonical SHA-256 of RFC 6376 section 3.4.4."""

    body_hash: bytes
    eight_bit: bool
    reading: Reading


def examine(integration: Integration, block: HeaderBlock, body: Body, *, sketched: bool = False) -> Examination:
    """Blocking for spooled bodies. `sketched`: see `read_marks`."""
    hashing, eight_bit = RelaxedBodyHash(), False
    for chunk in body.chunks():
        hashing.update(chunk)
        eight_bit = eight_bit or not chunk.isascii()
    return Examination(hashing.digest(), eight_bit, read_marks(integration, block, body.chunks(), sketched=sketched))

"""One look through a message's content: the DKIM body hash, 8-bit or not, and what its text says of its sensitivity."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from wardmail.model.integration import Integration
from wardmail.model.message import Body
from wardmail.outbound.classification import Reading, read_marks
from wardmail.outbound.footer import with_footer
from wardmail.protect.canonical import RelaxedBodyHash
from wardmail.protocol.headers import HeaderBlock

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Examination:
    """`body_hash` is the relaxed-canonical SHA-256 of RFC 6376 section 3.4.4.

    `block` and `body` have the footer where one was added (`is_footed`).
    """

    block: HeaderBlock
    body: Body
    body_hash: bytes
    eight_bit: bool
    reading: Reading
    is_footed: bool = False


async def look_through(
    integration: Integration, block: HeaderBlock, body: Body, *, sketched: bool = False, may_change: bool = True
) -> Examination:
    """Once more where the text lacks its sender and the record asks for that to be added (SHARE-15).

    Not where it may not change: what is sent again stays as it is, and may name its sender as of then.
    """
    found = await _apart_when_spooled(body, partial(examine, integration, block, body, sketched=sketched))
    signature = integration.registration.signature
    if found.reading.is_signed or not signature.added or not may_change:
        return found
    footed = await _apart_when_spooled(body, partial(with_footer, signature, block, body))
    if footed is None:
        return found
    again = partial(examine, integration, footed.block, footed.body, sketched=sketched)
    return replace(await _apart_when_spooled(footed.body, again), is_footed=True)


def examine(integration: Integration, block: HeaderBlock, body: Body, *, sketched: bool = False) -> Examination:
    """Blocking for spooled bodies. `sketched`: see `read_marks`."""
    hashing, eight_bit = RelaxedBodyHash(), False
    for chunk in body.chunks():
        hashing.update(chunk)
        eight_bit = eight_bit or not chunk.isascii()
    reading = read_marks(integration, block, body.chunks(), sketched=sketched)
    return Examination(block, body, hashing.digest(), eight_bit, reading)


async def _apart_when_spooled(body: Body, work: Callable[[], _T]) -> _T:
    return await asyncio.to_thread(work) if body.is_spooled else work()

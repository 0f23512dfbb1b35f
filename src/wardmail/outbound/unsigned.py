"""Reads a stored copy back as it was before we signed it: what is let go, or sent again, is signed anew."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import dropwhile

from wardmail.model.address import Address
from wardmail.outbound.world import World
from wardmail.protocol.address import InvalidAddress, parse_mailboxes
from wardmail.protocol.headers import BadHeaders, HeaderBlock


@dataclass(frozen=True, slots=True)
class UnsignedCopy:
    """`trace` is the Received field that we put on top; `block` what stands below it and our signatures."""

    trace: bytes
    block: HeaderBlock
    author: Address


def unsigned(world: World, head: bytes) -> UnsignedCopy | BadHeaders:
    block = HeaderBlock.split(head)
    if isinstance(block, BadHeaders):
        return BadHeaders(f"Its header cannot be read: {block.reason}")
    author = parse_mailboxes(block.get(b"from") or b"")
    if isinstance(author, InvalidAddress) or not author:
        return BadHeaders("Its author cannot be read.")
    trace, fields = block.fields[0][1], block.fields[1:]
    if world.signer.keys_for(author[0].domain):
        # A copy that was held on its way out carries signatures as well.
        fields = tuple(dropwhile(_is_signature, fields))
    return UnsignedCopy(trace, HeaderBlock(fields), author[0])


def _is_signature(field: tuple[bytes, bytes]) -> bool:
    return field[0] == b"dkim-signature"

"""Reads a stored copy back as it was before we signed it: what is let go, or sent again, is signed anew."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import dropwhile

from wardmail.model.address import Address
from wardmail.protect import dkim
from wardmail.protocol.address import InvalidAddress, parse_mailboxes
from wardmail.protocol.headers import BadHeaders, HeaderBlock


@dataclass(frozen=True, slots=True)
class UnsignedCopy:
    """`trace` is the Received field that we put on top; `block` what stands below it and our signatures."""

    trace: bytes
    block: HeaderBlock
    author: Address


def unsigned(head: bytes) -> UnsignedCopy | BadHeaders:
    block = HeaderBlock.split_stored(head)
    if isinstance(block, BadHeaders):
        return BadHeaders(f"Its header cannot be read: {block.reason}")
    author = parse_mailboxes(block.get(b"from") or b"")
    if isinstance(author, InvalidAddress) or not author:
        return BadHeaders("Its author cannot be read.")
    # A copy that was held on its way out carries signatures as well; those below ours are the application's.
    fields = dropwhile(lambda field: dkim.is_made_here(field[1]), block.fields[1:])
    return UnsignedCopy(block.fields[0][1], HeaderBlock(tuple(fields)), author[0])

"""Surgery on headers that need not be well formed: every line that some mail client would read as a field counts."""

from __future__ import annotations

import re
from collections.abc import Callable

# A bare CR or LF ends a line for many programs; a field that hides behind one must not slip through.
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_LARGEST = 1024 * 1024

Unwanted = Callable[[bytes, bytes], bool]
"""Says of a field, by its lower-case name and all of its octets, whether it has to go."""


def cut_fields(message: bytes, is_unwanted: Unwanted) -> bytes:
    """`message` without the unwanted header fields.

    Continuation lines before the first field go as well: they would be read as the end of what is put on top.
    A header of more than a megabyte is not looked through: all of it becomes body, where no field can speak for us.
    """
    kept: list[bytes] = []
    field: list[bytes] = []
    position = 0
    while position < len(message):
        found = _LINE.match(message, position)
        line = found.group() if found is not None else b""
        if not line.strip(b"\r\n"):
            break
        if position > _LARGEST:
            return b"\r\n" + message
        position += len(line)
        if line[:1] not in b" \t":
            kept += _wanted(field, is_unwanted)
            field = [line]
        elif field:
            field.append(line)
    return b"".join([*kept, *_wanted(field, is_unwanted)]) + message[position:]


def count_fields(head: bytes, name: bytes) -> int:
    """How many fields of this lower-case name the header block has."""
    return sum(line[:1] not in (b" ", b"\t") and _name_of(line) == name for line in head.splitlines())


def with_strict_lines(message: bytes) -> bytes:
    """Every line ended by CRLF, as SMTP needs it; a message that has only such lines stays as it is."""
    if message.count(b"\r\n") == message.count(b"\n") == message.count(b"\r"):
        return message
    return re.sub(rb"\r\n|\r|\n", b"\r\n", message)


def _wanted(field: list[bytes], is_unwanted: Unwanted) -> list[bytes]:
    return [] if not field or is_unwanted(_name_of(field[0]), b"".join(field)) else field


def _name_of(line: bytes) -> bytes:
    """RFC 5322 section 4.5.8 lets blanks stand before the colon."""
    return line.partition(b":")[0].rstrip(b" \t").lower()

"""Takes a message that somebody else wrote apart into raw fields and body; refuses nothing, changes nothing, notes faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

LARGEST_HEAD = 10 * 1024 * 1024

Fields = tuple[tuple[bytes, bytes], ...]
"""(lower-case name, raw field with folding and CRLF), topmost first; the name is empty for a line that is no field."""

_BETWEEN_FIELDS = re.compile(rb"\r\n(?![ \t])")
_NAME = re.compile(rb"[!-9;-~]+").fullmatch
_HEAD_END = re.compile(rb"\n\r?\n|\A\r?\n").search
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n").search
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0").search


@dataclass(frozen=True, slots=True)
class RawMessage:
    """The body begins at `body_start` of `octets`, without a copy. `faults` are sentences about the header: programs
    differ in how they read one that has any."""

    octets: bytes
    fields: Fields
    body_start: int
    faults: tuple[str, ...] = ()

    def all_of(self, name: bytes) -> list[bytes]:
        """Unfolded values of the fields called `name` (lower case), topmost first."""
        return [unfolded(raw) for known, raw in self.fields if known == name]


def unfolded(raw: bytes) -> bytes:
    return raw[raw.index(b":") + 1 :].replace(b"\r\n", b"").strip(b" \t")


def split_message(octets: bytes) -> RawMessage:
    """A message as SMTP carries it. Beyond 10 MiB of header nothing is read."""
    if octets.startswith(b"\r\n"):
        return RawMessage(octets, (), 2)
    end = octets.find(b"\r\n\r\n")
    head_end, body_start = (end, end + 4) if end >= 0 else (len(octets), len(octets))
    if head_end > LARGEST_HEAD:
        fault = f"The header is longer than {LARGEST_HEAD // 1024 // 1024} MiB."
        return RawMessage(octets, (), body_start, (fault,))
    head = octets[:head_end].removesuffix(b"\r\n")
    fields = tuple([_field(line) for line in _BETWEEN_FIELDS.split(head)]) if head else ()
    return RawMessage(octets, fields, body_start, _faults(head, fields))


def split_file(octets: bytes) -> RawMessage:
    """A message that somebody keeps in a file; some tools write what they put on top with other line ends than the rest."""
    message = split_message(message_of_file(octets))
    blank = _HEAD_END(octets)
    head = octets[: blank.start()] if blank else octets
    if b"\r\n" not in head or not _BARE_LINE_FEED(head):
        return message
    return replace(message, faults=(*message.faults, "The header's lines end in two ways."))


def message_of_file(octets: bytes) -> bytes:
    """The message as SMTP would carry it: line ends made CRLF where the header has others; an editor's byte order mark
    and an mbox's `From ` line taken off."""
    octets = octets.removeprefix(b"\xef\xbb\xbf")
    blank = _HEAD_END(octets)
    if _BARE_LINE_FEED(octets, 0, blank.end() if blank else len(octets)):
        octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if octets.startswith((b"From ", b">From ")):
        end = octets.find(b"\r\n")
        octets = octets[end + 2 :] if end >= 0 else b""
    return octets


def _field(lines: bytes) -> tuple[bytes, bytes]:
    # Blanks before the colon are obsolete, but every reader takes the field for what it says (RFC 5322 4.5).
    name, colon, _ = lines.partition(b":")
    name = name.rstrip(b" \t")
    return (name.lower() if colon and _NAME(name) else b""), lines + b"\r\n"


def _faults(head: bytes, fields: Fields) -> tuple[str, ...]:
    faults = []
    if _BARE(head):
        faults.append("The header has a bare carriage return, a bare line feed or a NUL.")
    if any(not name for name, _ in fields) or head.startswith((b" ", b"\t")):
        faults.append("The header has a line that is no header field.")
    return tuple(faults)

"""Surgery on a raw header block: fields are cut out, put in or changed, and every other byte stays as it came."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain

from wardmail.protocol.encoded_words import decode_text

LARGEST_BLOCK = 256 * 1024
MOST_FIELDS = 1000

_OURS, _MOST_OURS = 64 * 1024, 50
"""Octets and fields of traces, signatures, tags and Date that a gateway puts there itself."""

# Anchored at line starts, so that a block full of anything costs linear time; a field that ends badly leaves a gap.
_FIELD = re.compile(rb"^(([!-9;-~]+):[^\r\n\0]*(?:\r\n[ \t][^\r\n\0]*)*\r\n)", re.MULTILINE)

_ONCE = frozenset(
    b"date from sender reply-to to cc bcc message-id in-reply-to references subject"
    b" mime-version content-type content-transfer-encoding content-disposition content-id content-description".split()
)


@dataclass(frozen=True, slots=True)
class BadHeaders:
    """Why a header block is refused: a sentence for people that quotes nothing of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Fields in order, each as (lower-case name, raw bytes with name, folding and CRLF)."""

    fields: tuple[tuple[bytes, bytes], ...]

    @staticmethod
    def split(head: bytes) -> HeaderBlock | BadHeaders:
        """`head` ends in CRLF, without the blank line. At most 256 KiB and 1,000 fields; lines must be fields."""
        return _split(head, LARGEST_BLOCK, MOST_FIELDS)

    @staticmethod
    def split_stored(head: bytes) -> HeaderBlock | BadHeaders:
        """As `split`, with room for what we put on top of a block that was accepted at its limits."""
        return _split(head, LARGEST_BLOCK + _OURS, MOST_FIELDS + _MOST_OURS)

    @property
    def raw(self) -> bytes:
        return b"".join([raw for _, raw in self.fields])

    def get(self, name: bytes) -> bytes | None:
        """The unfolded value of the first field called `name` (lower case)."""
        for known, raw in self.fields:
            if known == name:
                return _value(name, raw)
        return None

    def get_all(self, name: bytes) -> list[bytes]:
        return [_value(name, raw) for known, raw in self.fields if known == name]

    def without(self, names: Collection[bytes]) -> HeaderBlock:
        return HeaderBlock(tuple([field for field in self.fields if field[0] not in names]))

    def prepend(self, *raw_fields: bytes) -> HeaderBlock:
        """The block with whole fields on top, the first argument topmost. Raises ValueError unless they are fields."""
        return HeaderBlock((*chain.from_iterable(map(_fields_of, raw_fields)), *self.fields))

    def append(self, *raw_fields: bytes) -> HeaderBlock:
        """Like `prepend`, at the end of the block."""
        return HeaderBlock((*self.fields, *chain.from_iterable(map(_fields_of, raw_fields))))

    def replace(self, name: bytes, raw_field: bytes) -> HeaderBlock:
        """The first field called `name` gives way to `raw_field`, further ones go; appended when there was none."""
        positions = [index for index, (known, _) in enumerate(self.fields) if known == name]
        if not positions:
            return self.append(raw_field)
        before = self.fields[: positions[0]]
        after = [field for field in self.fields[positions[0] :] if field[0] != name]
        return HeaderBlock((*before, *_fields_of(raw_field), *after))

    def duplicates(self) -> tuple[bytes, ...]:
        """Names that stand more than once and may not (RFC 5322 3.6, RFC 2045): programs differ in which they read."""
        seen: set[bytes] = set()
        doubled: dict[bytes, None] = {}
        for name, _ in self.fields:
            if name in seen and name in _ONCE:
                doubled[name] = None
            seen.add(name)
        return tuple(doubled)

    def subject(self) -> str:
        """The subject for reading: encoded words decoded, never raises; empty when there is none."""
        return decode_text(self.get(b"subject") or b"")


def _split(head: bytes, largest: int, most: int) -> HeaderBlock | BadHeaders:
    if len(head) > largest:
        return BadHeaders(f"The header is longer than {largest // 1024} KiB.")
    found = _FIELD.findall(head)
    if sum([len(raw) for raw, _ in found]) != len(head):
        return BadHeaders(_what_is_wrong(head))
    if len(found) > most:
        return BadHeaders(f"The header has more than {most} fields.")
    return HeaderBlock(tuple([(name.lower(), raw) for raw, name in found]))


def add_subject_tag(block: HeaderBlock, tag: str) -> HeaderBlock:
    """Put `tag` as plain text in front of every Subject (there may be none: then one is added), unless it is there.

    A tag inside an encoded word does not count: the upstream may look for the plain letters only.
    """
    plain_tag = tag.encode("ascii")
    if _CONTROL(plain_tag) or len(plain_tag) > 78:
        raise ValueError("a subject tag is at most 78 printable ASCII characters")
    if all(name != b"subject" for name, _ in block.fields):
        return block.append(b"Subject: %b\r\n" % plain_tag)
    return HeaderBlock(
        tuple([(name, _tagged(raw, plain_tag) if name == b"subject" else raw) for name, raw in block.fields])
    )


_CONTROL = re.compile(rb"[\x00-\x1f\x7f]").search
_ENCODED_WORD = re.compile(rb"=\?[^?\s]*\?[bBqQ]\?[^?\s]*\?=")
_LONGEST_LINE = 998


def _tagged(raw: bytes, tag: bytes) -> bytes:
    name, _, rest = raw.partition(b":")
    if tag.lower() in _ENCODED_WORD.sub(b"", _unfolded(rest)).lower():
        return raw
    if not rest.startswith((b" ", b"\t", b"\r\n")):
        rest = b" " + rest
    if len(name) + len(tag) + 2 + rest.index(b"\r\n") > _LONGEST_LINE:
        rest = b"\r\n" + rest
    return b"%b: %b%b" % (name, tag, rest)


def _value(name: bytes, raw: bytes) -> bytes:
    return _unfolded(raw[len(name) + 1 :])


def _unfolded(value: bytes) -> bytes:
    return value.replace(b"\r\n", b"").strip(b" \t")


def _fields_of(raw_field: bytes) -> tuple[tuple[bytes, bytes], ...]:
    block = HeaderBlock.split(raw_field)
    if isinstance(block, BadHeaders):
        raise ValueError(block.reason)
    return block.fields


def _what_is_wrong(head: bytes) -> str:
    if b"\0" in head:
        return "The header contains a NUL."
    if head.count(b"\r\n") != head.count(b"\n") or head.count(b"\r\n") != head.count(b"\r"):
        return "The header contains a bare carriage return or line feed."
    if not head.endswith(b"\r\n"):
        return "The header does not end with a line break."
    for number, line in enumerate(head.split(b"\r\n"), start=1):
        if not line or (number == 1 and line[0] in b" \t"):
            return f"Line {number} of the header is blank or continues nothing."
        name, colon, _ = line.partition(b":")
        if line[0] not in b" \t" and not (colon and _NAME(name)):
            return f"Line {number} of the header is not a header field."
    return "The header is not a list of header fields."


_NAME = re.compile(rb"[!-9;-~]+").fullmatch

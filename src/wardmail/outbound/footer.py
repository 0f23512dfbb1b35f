"""Puts the sender's name, role and organisation under a message's text; no other octet changes (SHARE-15)."""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wardmail.content.mime.fields import read_head
from wardmail.content.mime.leaf import Leaf
from wardmail.content.mime.reader import read_message
from wardmail.content.mime.transfer import IDENTITY, encoding_name
from wardmail.model.message import Body, MemoryBody
from wardmail.model.registration import Signature
from wardmail.protocol.headers import HeaderBlock

_READ = 1024 * 1024
"""How much of a long message is looked at: the text comes first, and attachments after it."""

_SHOWN = frozenset({"", "text/plain", "text/html"})
_AROUND = frozenset({"", "multipart/mixed", "multipart/alternative", "multipart/related"})
_SEALED_FIELDS = frozenset({b"dkim-signature", b"arc-seal"})
_SEVEN_BITS = re.compile(rb"\A(content-transfer-encoding:[ \t]*)7bit(?=[ \t]*\r\n\Z)", re.IGNORECASE)
_CUT_SHORT = frozenset({"mime-not-closed"})


@dataclass(frozen=True, slots=True)
class Splice:
    """At offset `at` of a body, `dropped` octets give way to `octets`."""

    at: int
    octets: bytes
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class SplicedBody:
    """A spooled body with words put in, read as one; it is written to the spool anew before it is stored."""

    original: Body
    splices: tuple[Splice, ...]

    @property
    def size(self) -> int:
        return self.original.size + sum(len(each.octets) - each.dropped for each in self.splices)

    def chunks(self) -> Iterator[bytes]:
        return _spliced(self.original.chunks(), self.splices)

    @property
    def is_spooled(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Footed:
    """`block` is as it was, but for a text in 7 bits that came to need 8."""

    block: HeaderBlock
    body: Body


def with_footer(signature: Signature, block: HeaderBlock, body: Body) -> Footed | None:
    """The three are under each form of the text; None where they cannot be added without changing more.

    That is so where the application or its user has signed or sealed the message, where its parts can be read in more
    than one way, and where a character of a name cannot be written in a text as it is encoded. Blocking for spooled
    bodies.
    """
    return _footed(signature, block, body) or _footed(signature, _in_eight_bits(block), body)


def _footed(signature: Signature, block: HeaderBlock, body: Body) -> Footed | None:
    head, start = block.raw, _start_of(body)
    raw = b"\r\n".join((head, start))
    leaves = _texts(raw, is_whole=len(start) == body.size)
    if not leaves or any(name in _SEALED_FIELDS for name, _ in block.fields):
        return None
    splices = [_splice(signature, raw, leaf, len(head) + 2, body.size) for leaf in leaves]
    found = [each for each in splices if each is not None]
    if len(found) < len(splices):
        return None
    spliced = SplicedBody(body, tuple(sorted(found, key=lambda each: each.at)))
    return Footed(block, spliced if body.is_spooled else MemoryBody(tuple(filter(None, spliced.chunks()))))


def _in_eight_bits(block: HeaderBlock) -> HeaderBlock:
    return HeaderBlock(tuple([(name, _SEVEN_BITS.sub(rb"\g<1>8bit", raw)) for name, raw in block.fields]))


def _start_of(body: Body) -> bytes:
    taken, size = [], 0
    for chunk in body.chunks():
        taken.append(chunk)
        size += len(chunk)
        if size >= _READ:
            break
    return b"".join(taken)[:_READ]


def _texts(raw: bytes, *, is_whole: bool) -> Sequence[Leaf]:
    """The text that people see first, once as plain text and once as HTML; nothing where there is any doubt."""
    found, spending = read_message(raw)
    chosen: dict[str, Leaf] = {}
    for leaf in found:
        if leaf.container or leaf.parent not in _AROUND or leaf.declared not in _SHOWN or not _is_shown(leaf):
            break
        if leaf.faults or leaf.span is None or (not is_whole and leaf.span[1] >= len(raw) and leaf.parent):
            return ()
        chosen.setdefault(leaf.declared or "text/plain", leaf)
    faults = {fault for fault, _ in spending.faults}
    return () if faults - (frozenset() if is_whole else _CUT_SHORT) else tuple(chosen.values())


def _is_shown(leaf: Leaf) -> bool:
    return leaf.disposition in {"", "inline"} and not leaf.names and "/" not in leaf.path and "~" not in leaf.path


def _splice(signature: Signature, raw: bytes, leaf: Leaf, begins_at: int, size: int) -> Splice | None:
    """Offsets in the body. A text that is the whole message ends where the body ends, however much of that was read."""
    start, stop = leaf.span or (0, 0)
    words = _words(signature, leaf)
    encoding = encoding_name(read_head(raw, start, stop).first("content-transfer-encoding"))[0]
    at = stop - begins_at if leaf.parent else size
    if words is None or any(line.startswith(b"--") for line in words.splitlines()):
        return None  # a line like that may end the part
    if encoding in IDENTITY:
        return Splice(at, words) if words.isascii() or encoding in {"8bit", "binary"} else None
    if encoding == "quoted-printable":
        return Splice(at, binascii.b2a_qp(words.replace(b"\r\n", b"\n"), istext=True).replace(b"\n", b"\r\n"))
    if encoding == "base64" and at + begins_at <= len(raw):
        return _in_base64(raw[begins_at : begins_at + at], at, words)
    return None


def _in_base64(text: bytes, at: int, words: bytes) -> Splice | None:
    """The last group is written anew where it is not full: octets cannot follow its padding (RFC 2045 section 6.8)."""
    kept = text.rstrip(b"\r\n")
    group = kept[-4:]
    if len(group) == 4 and group.endswith(b"="):
        try:
            words = binascii.a2b_base64(group, strict_mode=True) + words
        except binascii.Error:
            return None
        kept = kept[:-4]
    lines = [binascii.b2a_base64(words[n : n + 57], newline=False) for n in range(0, len(words), 57)]
    return Splice(len(kept), b"".join(b"\r\n" + line for line in lines) + b"\r\n", at - len(kept))


def _words(signature: Signature, leaf: Leaf) -> bytes | None:
    """As they stand in the text before it is encoded; begun on a line of their own."""
    three = (signature.name, signature.role, signature.organisation)
    if leaf.declared == "text/html":
        lines = "<br>\n".join(html.escape(each) for each in three)
        return f"\n<p>{lines}</p>\n".encode("ascii", "xmlcharrefreplace").replace(b"\n", b"\r\n")
    charset = leaf.charset or "us-ascii"
    gap = ("",) if leaf.octets.endswith(b"\n") else ("", "")
    text = "\r\n".join((*gap, *three, ""))
    try:
        words = text.encode(charset)
        is_plain = "A\r\n".encode(charset) == b"A\r\n" and words.decode(charset) == text
    except (LookupError, ValueError):  # a name with a NUL in it is a ValueError, and no UnicodeError
        return None
    return words if is_plain else None


def _spliced(chunks: Iterator[bytes], splices: tuple[Splice, ...]) -> Iterator[bytes]:
    """What is dropped may run over several chunks."""
    waiting, position, dropped_to = list(splices), 0, 0
    for chunk in chunks:
        begin, end = max(position, dropped_to), position + len(chunk)
        while waiting and waiting[0].at < end:
            splice = waiting.pop(0)
            yield chunk[begin - position : splice.at - position]
            yield splice.octets
            begin = dropped_to = splice.at + splice.dropped
        yield chunk[min(begin, end) - position :]
        position = end
    for splice in waiting:
        yield splice.octets

"""Finds the readable text of a message in its raw body, within a budget, and says what was left unread."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wardmail.content.markup import text_of_html


@dataclass(frozen=True, slots=True)
class ReadingBudget:
    """Octets of raw body, parts of all kinds, levels of multipart and message/rfc822."""

    octets: int = 1024 * 1024
    parts: int = 200
    depth: int = 10


@dataclass(frozen=True, slots=True)
class ReadText:
    """The text of each readable part in order, HTML as people see it; `unscanned` has a sentence for each gap.

    Parts that hold no text by their type (pictures, documents) are neither read nor named.
    """

    parts: tuple[str, ...]
    unscanned: tuple[str, ...] = ()


_DEFAULT_BUDGET = ReadingBudget()
_CONTENT_FIELD = re.compile(
    rb"^content-(type|transfer-encoding):((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE
)
_BOUNDARY = re.compile(
    rb';[ \t\r\n]*boundary[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.){1,200})"|([^\s;"(]{1,200}))', re.IGNORECASE
)
_CHARSET = re.compile(rb';[ \t\r\n]*charset[ \t]*=[ \t]*"?([A-Za-z0-9_.:-]{1,40})', re.IGNORECASE)
_RISKY_CODECS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
_IDENTITY = frozenset({b"", b"7bit", b"8bit", b"binary"})
_ENCRYPTED = frozenset({b"multipart/encrypted", b"application/pkcs7-mime", b"application/x-pkcs7-mime"})
_NESTED = frozenset({b"message/rfc822", b"message/global"})


def readable_text(
    content_type: bytes, transfer_encoding: bytes, body: Iterable[bytes], budget: ReadingBudget = _DEFAULT_BUDGET
) -> ReadText:
    """`content_type` and `transfer_encoding` are the message's own field values (empty when absent).

    `body` yields what follows the blank line; no more than the budget is taken from it. Never raises.
    """
    reader = _Reader(budget)
    raw, complete = _first_octets(body, budget.octets)
    if not complete:
        reader.unscanned[f"only the first {budget.octets} octets of the body were read"] = None
    reader.read_entity(content_type, transfer_encoding, raw, depth=0)
    return ReadText(tuple(reader.texts), tuple(reader.unscanned))


def _first_octets(body: Iterable[bytes], limit: int) -> tuple[bytes, bool]:
    taken: list[bytes] = []
    room = limit
    for chunk in body:
        taken.append(chunk[:room])
        room -= len(chunk)
        if room < 0:
            break
    return (taken[0] if len(taken) == 1 else b"".join(taken)), room >= 0


@dataclass(slots=True)
class _Reader:
    budget: ReadingBudget
    texts: list[str] = field(default_factory=list)
    unscanned: dict[str, None] = field(default_factory=dict)
    seen: int = 0

    def read_entity(self, content_type: bytes, transfer_encoding: bytes, raw: bytes, depth: int) -> None:
        self.seen += 1
        if self.seen > self.budget.parts:
            self.unscanned[f"only the first {self.budget.parts} parts were read"] = None
            return
        media = content_type.partition(b";")[0].strip().lower() or b"text/plain"
        if media in _ENCRYPTED:
            self.unscanned["an encrypted part cannot be read"] = None
        elif media.startswith(b"multipart/"):
            self._read_multipart(content_type, raw, depth)
        elif media in _NESTED:
            self._read_nested(transfer_encoding, raw, depth)
        elif media.startswith(b"text/") or b"/" not in media:
            self._read_text(media, content_type, transfer_encoding, raw)

    def _read_multipart(self, content_type: bytes, raw: bytes, depth: int) -> None:
        match = _BOUNDARY.search(content_type)
        if match is None:
            self.unscanned["a multipart without a boundary was read as plain text"] = None
            self.texts.append(_decoded(raw, b""))
            return
        boundary = match[1].replace(b"\\", b"") if match[1] else match[2]
        if depth >= self.budget.depth:
            self.unscanned[f"only {self.budget.depth} levels of parts were read"] = None
            return
        for part in _parts_between(boundary, raw):
            if self.seen > self.budget.parts:
                return
            self._read_with_head(part, depth + 1)

    def _read_with_head(self, part: bytes, depth: int) -> None:
        head, body = _split_head(part)
        fields: dict[bytes, bytes] = {}
        for name, value in _CONTENT_FIELD.findall(head):
            fields.setdefault(name.lower(), value)
        self.read_entity(fields.get(b"type", b""), fields.get(b"transfer-encoding", b""), body, depth)

    def _read_nested(self, transfer_encoding: bytes, raw: bytes, depth: int) -> None:
        inner = _transfer_decoded(transfer_encoding, raw)
        if depth >= self.budget.depth or inner is None:
            self.unscanned["an attached message was not read"] = None
            return
        self._read_with_head(inner, depth + 1)

    def _read_text(self, media: bytes, content_type: bytes, transfer_encoding: bytes, raw: bytes) -> None:
        octets = _transfer_decoded(transfer_encoding, raw)
        if octets is None:
            self.unscanned["a text part has an unknown transfer encoding"] = None
            octets = raw
        charset = _CHARSET.search(content_type)
        text = _decoded(octets, charset[1] if charset else b"")
        self.texts.append(text_of_html(text) if media == b"text/html" else text)


def _split_head(part: bytes) -> tuple[bytes, bytes]:
    if part.startswith(b"\r\n"):
        return b"", part[2:]
    head, _, body = part.partition(b"\r\n\r\n")
    return head, body


def _parts_between(boundary: bytes, raw: bytes) -> Iterator[bytes]:
    """What stands between delimiter lines (RFC 2046 5.1.1); a last part without its closing delimiter is given too."""
    delimiter = b"--" + boundary
    start = -1
    position = 0 if raw.startswith(delimiter) else _next_line(raw, delimiter, 0)
    while position >= 0:
        after = position + len(delimiter)
        line_end = raw.find(b"\r\n", after)
        rest = raw[after : line_end if line_end >= 0 else len(raw)]
        closes = rest.startswith(b"--")
        if (rest[2:] if closes else rest).strip(b" \t"):  # a longer boundary that begins alike
            position = _next_line(raw, delimiter, after)
            continue
        if start >= 0:
            yield raw[start : max(start, position - 2)]
        if closes or line_end < 0:
            return
        start = line_end + 2
        position = _next_line(raw, delimiter, line_end)
    if start >= 0:
        yield raw[start:]


def _next_line(raw: bytes, delimiter: bytes, position: int) -> int:
    found = raw.find(b"\r\n" + delimiter, position)
    return found + 2 if found >= 0 else -1


def _transfer_decoded(encoding: bytes, raw: bytes) -> bytes | None:
    name = encoding.strip().lower()
    if name in _IDENTITY:
        return raw
    if name == b"quoted-printable":
        return binascii.a2b_qp(raw)
    return _base64_decoded(raw) if name == b"base64" else None


def _base64_decoded(raw: bytes) -> bytes:
    """As much as there is: text may be cut by the budget, or by a careless writer."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
        return binascii.a2b_base64(letters[: len(letters) // 4 * 4])


def _decoded(octets: bytes, charset: bytes) -> str:
    try:
        name = codecs.lookup(charset.decode("ascii") or "utf-8").name
        return octets.decode("utf-8" if name.replace("_", "-") in _RISKY_CODECS else name, "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")

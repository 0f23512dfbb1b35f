"""Finds the readable text of a message in its raw body, within a budget, and says what was left unread."""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from wardmail.content.condense import ReadingBudget, condense
from wardmail.content.markup import text_of_html


@dataclass(frozen=True, slots=True)
class TextParts:
    """The text of each readable part in order, HTML as people see it; `unscanned` is empty, or says what was not read.

    Parts that hold no text by their type (pictures, documents) are neither read nor mentioned.
    """

    texts: tuple[str, ...]
    unscanned: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is no text to be had: `why` is a phrase for people."""

    why: str


_DEFAULT_BUDGET = ReadingBudget()
_CONTENT_FIELD = re.compile(
    rb"^content-(type|transfer-encoding):((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE
)
_BOUNDARY = re.compile(
    rb';[ \t\r\n]*boundary[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.){1,200})"|([^\s;"(]{1,200}))', re.IGNORECASE
)
_CHARSET = re.compile(rb';[ \t\r\n]*charset[ \t]*=[ \t]*"?([A-Za-z0-9_.:-]{1,40})', re.IGNORECASE)
_RISKY_CODECS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
_LONGEST_PART_HEAD = 16 * 1024
_IDENTITY = frozenset({b"", b"7bit", b"8bit", b"binary"})
_ENCRYPTED = frozenset({b"multipart/encrypted", b"application/pkcs7-mime", b"application/x-pkcs7-mime"})
_NESTED = frozenset({b"message/rfc822", b"message/global"})


def readable_text(
    content_type: bytes,
    encoding: bytes,
    body: Iterable[bytes],
    budget: ReadingBudget = _DEFAULT_BUDGET,
    worth_reading: Callable[[str], bool] | None = None,
) -> TextParts | Unreadable:
    """`content_type` and `encoding` are the message's own field values (empty when absent); `body` what follows them.

    HTML of which `worth_reading` says no stays markup: turning it into text is half the cost of reading a message.
    Never raises; memory stays within the budget whatever the size of the body.
    """
    condensed = condense(body, budget)
    reader = _Reader(budget, condensed.part_limit, worth_reading)
    if condensed.ended_early:
        reader.gaps[f"of a long body only {budget.total} octets were read"] = None
    reader.read_entity(content_type, encoding, condensed.raw, depth=0)
    gaps = "; ".join(reader.gaps)
    return TextParts(tuple(reader.texts), gaps) if reader.texts or not gaps else Unreadable(gaps)


@dataclass(slots=True)
class _Reader:
    budget: ReadingBudget
    part_limit: int | None
    worth_reading: Callable[[str], bool] | None = None
    texts: list[str] = field(default_factory=list)
    gaps: dict[str, None] = field(default_factory=dict)
    seen: int = 0

    def read_entity(self, content_type: bytes, transfer_encoding: bytes, raw: bytes, depth: int) -> None:
        self.seen += 1
        if self.seen > self.budget.parts:
            self.gaps[f"only the first {self.budget.parts} parts were read"] = None
            return
        media = content_type.partition(b";")[0].strip().lower() or b"text/plain"
        if media in _ENCRYPTED:
            self.gaps["an encrypted part cannot be read"] = None
        elif media.startswith(b"multipart/"):
            self._read_multipart(content_type, raw, depth)
        elif media in _NESTED:
            self._read_nested(transfer_encoding, raw, depth)
        elif media.startswith(b"text/") or b"/" not in media:
            self._read_text(media, content_type, transfer_encoding, raw)

    def _read_multipart(self, content_type: bytes, raw: bytes, depth: int) -> None:
        if depth >= self.budget.depth:
            self.gaps[f"only {self.budget.depth} levels of parts were read"] = None
            return
        seen_before = self.seen
        match = _BOUNDARY.search(content_type)
        if match is not None:
            boundary = match[1].replace(b"\\", b"") if match[1] else match[2]
            for part in _parts_between(boundary, raw):
                if self.seen > self.budget.parts:
                    return
                self._read_with_head(part, depth + 1)
        if self.seen == seen_before:  # some programs would show it all the same
            self.gaps["a multipart without parts was read as plain text"] = None
            self.texts.append(_decoded(raw, b""))

    def _read_with_head(self, part: bytes, depth: int) -> None:
        head, body = _split_head(part)
        if len(head) > _LONGEST_PART_HEAD:
            self.gaps["a part has an overlong header"] = None
        fields: dict[bytes, bytes] = {}
        for name, value in _CONTENT_FIELD.findall(head):
            if fields.setdefault(name.lower(), value) is not value:
                self.gaps["a part says twice what it is"] = None
        self.read_entity(fields.get(b"type", b""), fields.get(b"transfer-encoding", b""), body, depth)

    def _read_nested(self, transfer_encoding: bytes, raw: bytes, depth: int) -> None:
        inner = _transfer_decoded(transfer_encoding, raw)
        if depth >= self.budget.depth or inner is None:
            self.gaps["an attached message was not read"] = None
            return
        self._read_with_head(inner, depth + 1)

    def _read_text(self, media: bytes, content_type: bytes, transfer_encoding: bytes, raw: bytes) -> None:
        if self.part_limit and len(raw) >= self.part_limit - _LONGEST_PART_HEAD:
            self.gaps[f"only {self.part_limit} octets of a long text were read"] = None
        octets = _transfer_decoded(transfer_encoding, raw)
        if octets is None:
            self.gaps["a text part has an unknown transfer encoding"] = None
            octets = raw
        charset = _CHARSET.search(content_type)
        if charset and not octets.isascii() and not _is_known(charset[1]):
            self.gaps["a text part is in an unknown character set"] = None
        text = _decoded(octets, charset[1] if charset else b"")
        is_markup = media == b"text/html" and (self.worth_reading is None or self.worth_reading(text))
        self.texts.append(text_of_html(text) if is_markup else text)


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


def _is_known(charset: bytes) -> bool:
    try:
        return bool(codecs.lookup(charset.decode("ascii")))
    except (LookupError, ValueError):
        return False


def _decoded(octets: bytes, charset: bytes) -> str:
    try:
        name = codecs.lookup(charset.decode("ascii") or "utf-8").name
        return octets.decode("utf-8" if name.replace("_", "-") in _RISKY_CODECS else name, "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")

"""Looks into PDF for what runs, launches, sends or is embedded, in plain objects and in packed ones (ISO 32000)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from wardmail.content.inspection.archives.unpack import TooLarge, inflated_as_far
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Link, Member, Sign
from wardmail.content.inspection.pdf_cipher import cipher_without_password
from wardmail.content.inspection.pdf_strings import STRING, escaped, octets_of, text_of

_STREAM = re.compile(rb"\bstream\r?\n")
_NAME = re.compile(rb"/([A-Za-z0-9#_.+-]{1,127})")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_URI = re.compile(rb"/URI\s*\(((?:[^()\\]|\\.){1,2000})\)")
_ELSEWHERE = re.compile(
    rb"/U?F\s*(?:<<[^<>]{0,300}/U?F\s*)?(?:\(\s*(?:\\{2,4}|//|https?:|smb:|file:)|<\s*(?:5c\s*5c|2f\s*2f|68\s*74\s*74\s*70))",
    re.IGNORECASE,
)
_RUNS_AT_ONCE = re.compile(rb"/JavaScript\s*(?:\d+\s+\d+\s+R|<<|\[)")
_ACTIVE = frozenset(
    b"JavaScript JS Launch EmbeddedFile EmbeddedFiles OpenAction AA XFA GoToR GoToE SubmitForm ImportData RichMedia"
    b" Encrypt ObjStm Flash".split()
)
_FILTERS = re.compile(
    rb"/(FlateDecode|Fl|ASCIIHexDecode|AHx|ASCII85Decode|A85|LZWDecode|LZW|RunLengthDecode|RL|Crypt|JBIG2Decode)\b"
)
_OBJECT = re.compile(rb"(\d{1,10})\s+(\d{1,5})\s+obj\b")
_OBJECTS_AND_STRINGS = re.compile(_OBJECT.pattern + rb"|" + STRING, re.DOTALL)
_FILE_NAME = re.compile(rb"/U?F\s*\(((?:[^()\\]|\\.){1,300})\)")
_MOST_STREAMS, _MOST_FILTERS = 20_000, 5


def look_into_pdf(file: File, allowance: Allowance) -> Iterator[Sign]:
    reader = _Reader(file, allowance)
    yield from reader.streams()
    text = b"\n".join(reader.plain)
    names, escaped = _names_in(text)
    if escaped:
        yield found("pdf-obfuscated", file.path)
    if b"Encrypt" in names and reader.cipher is None:
        yield found("pdf-encrypted", file.path)
    elif reader.unread:
        yield found("pdf-unread", file.path)
    yield from _judged(file, names, _unescaped(text) if escaped else text)
    for match in _URI.finditer(text):
        yield Link(match[1].decode("latin-1").replace("\\", ""))


def _judged(file: File, names: set[bytes], text: bytes) -> Iterator[Sign]:
    has_script = bool(names & {b"JavaScript", b"JS"})
    if has_script:
        yield found("pdf-javascript", file.path)
    if has_script and (b"OpenAction" in names or _RUNS_AT_ONCE.search(text)):
        yield found("pdf-action", file.path, "JavaScript")
    if b"Launch" in names:
        yield found("pdf-launch", file.path)
    if names & {b"EmbeddedFile", b"EmbeddedFiles", b"RichMedia", b"Flash"}:
        yield found("pdf-embedded", file.path)
    if names & {b"GoToR", b"GoToE", b"ImportData"}:
        is_at_once = bool(names & {b"OpenAction", b"AA"})
        yield found("pdf-remote" if is_at_once and _ELSEWHERE.search(text) else "pdf-action", file.path, "another file")
    if names & {b"SubmitForm", b"XFA"}:
        yield found("pdf-form", file.path)


def _names_in(text: bytes) -> tuple[set[bytes], bool]:
    """Active names, and whether one of them is spelt with `#`, which nobody has a reason to do."""
    names, escaped = set(), False
    for raw in set(_NAME.findall(text)):
        name = _unescaped(raw) if b"#" in raw else raw
        if name in _ACTIVE:
            names.add(name)
            escaped = escaped or b"#" in raw
    return names, escaped


def _unescaped(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), text)


class _Reader:
    """`plain` is all that holds objects as text, streams cut out."""

    def __init__(self, file: File, allowance: Allowance) -> None:
        self.file, self.allowance = file, allowance
        self.plain: list[bytes] = []
        self.unread = False
        name = _FILE_NAME.search(file.octets)
        self.embedded_name = text_of(octets_of(name[1], None)) if name else "embedded"
        self.cipher = cipher_without_password(file.octets)

    def streams(self) -> Iterator[Sign]:
        octets, position = self.file.octets, 0
        for _ in range(_MOST_STREAMS):
            match = _STREAM.search(octets, position)
            if match is None:
                break
            before = octets[position : match.start()]
            self.plain.append(self._readable(before))
            end = octets.find(b"endstream", match.end())
            end = len(octets) if end < 0 else end
            start = max(0, before.rfind(b" obj"))
            head = before[max(0, start - 20) : start + 4]
            yield from self._stream(_unescaped(before[start:]), self._readings(head, octets[match.end() : end]))
            position = end
        else:
            self.unread = True
        self.plain.append(self._readable(octets[position:]))

    def _readings(self, head: bytes, raw: bytes) -> tuple[bytes, ...]:
        """As it stands, and opened: who only pretends that it is encrypted hides nothing."""
        number = _OBJECT.search(head)
        return (raw, self.cipher.opened(raw, int(number[1]), int(number[2]))) if self.cipher and number else (raw,)

    def _readable(self, text: bytes) -> bytes:
        """With the strings opened where they are encrypted."""
        cipher, owner = self.cipher, (0, 0)
        if cipher is None:
            return text

        def opened(match: re.Match[bytes]) -> bytes:
            nonlocal owner
            if match[1]:
                owner = int(match[1]), int(match[2])
                return match[0]
            return escaped(cipher.opened(octets_of(match[3], match[4]), *owner))

        return text + b"\n" + _OBJECTS_AND_STRINGS.sub(opened, text)

    def _stream(self, dictionary: bytes, readings: tuple[bytes, ...]) -> Iterator[Sign]:
        is_objects = b"/ObjStm" in dictionary
        is_file = b"/EmbeddedFile" in dictionary
        if not (is_objects or is_file):
            return
        contents = [self._decoded(dictionary, raw) for raw in readings]
        if None in contents or (len(contents) > 1 and not any(contents)):
            self.unread = True
        for content in filter(None, contents):
            if is_objects and self.allowance.spending.octets(len(content)):
                self.plain.append(content)
            elif is_file and self.allowance.member(len(content)):
                yield Member(self.embedded_name, content)

    def _decoded(self, dictionary: bytes, raw: bytes) -> bytes | None:
        filters = _FILTERS.findall(dictionary)
        if len(filters) > _MOST_FILTERS:
            return None
        try:
            for name in filters:
                if name in (b"FlateDecode", b"Fl"):
                    raw = inflated_as_far(raw.lstrip(b"\r\n"), self.allowance.left)
                elif name in (b"ASCIIHexDecode", b"AHx"):
                    digits = re.sub(rb"[^0-9A-Fa-f]", b"", raw.partition(b">")[0])
                    raw = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
                elif name in (b"ASCII85Decode", b"A85"):
                    raw = base64.a85decode(
                        b"<~" + raw.strip().removeprefix(b"<~").partition(b"~>")[0] + b"~>", adobe=True
                    )
                else:
                    return None
        except (TooLarge, ValueError, binascii.Error):
            return None
        return raw

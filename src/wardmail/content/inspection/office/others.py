"""Looks into OneNote notebooks, tables in text form, and the wrappings of Outlook (TNEF)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Member, Sign

_EMBEDDED = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
_MOST = 100
_FORMULA = re.compile(
    rb"(?:^|[\s,;\"'])[=+@-][^\r\n]{0,100}?(?:cmd\s*\||\|\s*'|DDE\s*\(|powershell|mshta|msexcel\s*\||rundll32|regsvr32)"
    rb"|=\s*(?:WEBSERVICE|IMPORTXML|IMPORTDATA)\s*\(",
    re.IGNORECASE | re.MULTILINE,
)

_FORMULA_MARKS = (b"cmd", b"|", b"dde", b"powershell", b"mshta", b"rundll32", b"regsvr32", b"webservice", b"import")


def look_into_onenote(file: File, allowance: Allowance) -> Iterator[Sign]:
    """FileDataStoreObject ([MS-ONESTORE] 2.6.13): a GUID, the length, twelve octets, the file."""
    position, count = file.octets.find(_EMBEDDED), 0
    while position >= 0 and count < _MOST:
        size = int.from_bytes(file.octets[position + 16 : position + 24], "little")
        content = file.octets[position + 36 : position + 36 + size]
        if content and not content.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8")):
            yield found("onenote-embedded", file.path)
        if not allowance.member(len(content)):
            return
        yield Member(f"embedded {count + 1}", content)
        count += 1
        position = file.octets.find(_EMBEDDED, position + 16)
    if position >= 0:
        yield found("budget-parts", file.path)


def look_into_table(file: File, _allowance: Allowance) -> Iterator[Sign]:
    if file.extension in {"csv", "tsv", "slk", "iqy", "dif", "txt", "xls"} or file.kind == "application/x-sylk":
        octets = file.octets[: 512 * 1024]
        low = octets.lower()
        if any(mark in low for mark in _FORMULA_MARKS) and _FORMULA.search(octets):
            yield found("sheet-formula", file.path)
            yield found("office-dde", file.path)
        if file.kind == "application/x-sylk" and re.search(rb"(?m)^(?:O;E|NN;NAuto_open)", file.octets, re.IGNORECASE):
            yield found("office-macro-xlm", file.path)


_TITLE, _CONTENT, _PROPERTIES, _RENDER = 0x8010, 0x800F, 0x9005, 0x9002
_LONG_NAME = (b"\x1f\0\x07\x37", b"\x1e\0\x07\x37")


def look_into_tnef(file: File, allowance: Allowance) -> Iterator[Sign]:
    """Attributes of [MS-OXTNEF]: attachments follow their rendering attribute, content before or after the name."""
    position, name, content = 6, "", b""
    octets = file.octets
    while position + 9 <= len(octets):
        attribute = int.from_bytes(octets[position + 1 : position + 3], "little")
        size = int.from_bytes(octets[position + 5 : position + 9], "little")
        value = octets[position + 9 : position + 9 + size]
        if len(value) < size or octets[position] not in (1, 2):
            yield found("tnef-unreadable", file.path)
            break
        position += 9 + size + 2
        if attribute == _RENDER and content:
            yield from _attached(name, content, allowance)
            name, content = "", b""
        elif attribute == _TITLE:
            name = name or value.rstrip(b"\0").decode("cp1252", "replace")
        elif attribute == _CONTENT:
            content = value
        elif attribute == _PROPERTIES:
            name = _long_name(value) or name
            content = content or _object_within(value)
    if content:
        yield from _attached(name, content, allowance)


def _attached(name: str, content: bytes, allowance: Allowance) -> Iterator[Sign]:
    if allowance.member(len(content)):
        yield Member(name or "attachment", content)


def _object_within(properties: bytes) -> bytes:
    """PR_ATTACH_DATA_OBJ holds an OLE file or another TNEF instead of plain content."""
    at = max(properties.find(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), properties.find(b"\x78\x9f\x3e\x22"))
    return properties[at:] if at >= 0 else b""


def _long_name(properties: bytes) -> str:
    for mark in _LONG_NAME:
        at = properties.find(mark)
        if at >= 0:
            size = int.from_bytes(properties[at + 8 : at + 12], "little")
            raw = properties[at + 12 : at + 12 + min(size, 600)]
            return raw.decode("utf-16-le" if mark[0] == 0x1F else "cp1252", "replace").rstrip("\0")
    return ""

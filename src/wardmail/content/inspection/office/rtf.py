"""Looks into RTF for embedded objects, however their hexadecimal digits are hidden, and for templates fetched from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Link, Member, Sign
from wardmail.content.inspection.office.binary import packaged
from wardmail.content.inspection.office.ole import SIGNATURE

_OBJECT = re.compile(rb"\\obj(?:data|emb|html|ocx|link|autlink|class)", re.IGNORECASE)
_UPDATE = re.compile(rb"\\(?:objupdate|objautlink|objlink)", re.IGNORECASE)
_TEMPLATE = re.compile(rb"\\\*?\s*\\template\s+([^{}]{1,2000})", re.IGNORECASE)
_DDE = re.compile(rb"\\fldinst[^}]{0,200}?\bDDE(?:AUTO)?\b|\bddeauto\b", re.IGNORECASE)
_NOISE = re.compile(rb"\\'[0-9a-fA-F]{2}|\\bin0*\s?|\\[a-zA-Z]+-?\d*\s?|\\[^a-zA-Z]|[{}\s]")
_EQUATIONS = (
    bytes.fromhex("02ce020000000000c000000000000046"),
    b"Equation.3",
    b"Equation.2",
    b"equation.3",
    b"eQuAtIoN",
)
_NOT_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))
_MOST_OBJECTS, _LARGEST = 100, 16 * 1024 * 1024


def look_into_rtf(file: File, allowance: Allowance) -> Iterator[Sign]:
    octets = file.octets
    has_object = _OBJECT.search(octets) is not None
    if _UPDATE.search(octets) and has_object:
        yield found("rtf-object-update", file.path)
    for match in _TEMPLATE.finditer(octets):
        target = _NOISE.sub(b"", match[1]).decode("latin-1")
        if re.match(r"(?:https?|ftp|file):|\\\\|//", target, re.IGNORECASE) or b"\\u" in match[1]:
            yield Link(target)
            yield found("rtf-template", file.path, re.sub(r"^\w+:/*", "", target).partition("/")[0])
    if _DDE.search(octets):
        yield found("office-dde", file.path)
    if has_object:
        yield found("rtf-object", file.path)
    yield from _objects(file, allowance)


def _objects(file: File, allowance: Allowance) -> Iterator[Sign]:
    """Digits after each `\\objdata`, and long runs of digits anywhere, because the word itself may be hidden."""
    position, octets = 0, file.octets
    low = octets.lower()
    for _ in range(_MOST_OBJECTS):
        position = low.find(b"\\objdata", position)
        if position < 0:
            break
        end = low.find(b"\\objdata", position + 8)
        end = min(end if end > 0 else len(octets), position + _LARGEST)
        raw = octets[position + 8 : end]
        yield from _object(file, _from_hex(_NOISE.sub(b"", raw)), allowance)
        position += 8
    if position >= 0 and low.find(b"\\objdata", position) >= 0:
        yield found("budget-parts", file.path)
    if b"\\bin" in low and SIGNATURE in octets:
        yield from _object(file, octets[octets.find(SIGNATURE) :], allowance)


def _from_hex(text: bytes) -> bytes:
    digits = text.translate(None, _NOT_HEX)
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))


def _object(file: File, octets: bytes, allowance: Allowance) -> Iterator[Sign]:
    if any(mark in octets for mark in _EQUATIONS):
        yield found("office-equation", file.path)
    at = octets.find(SIGNATURE)
    if at >= 0 and allowance.member(len(octets) - at):
        yield Member("object.ole", octets[at:])
        return
    package = octets.find(b"Package\0")
    if package >= 0:
        name, content = packaged(octets[package + 16 :])
        if allowance.member(len(content)):
            yield Member(name or "object", content)
    elif b"OLE2Link" in octets or b"htmlfile" in octets:
        yield found("rtf-object-update", file.path)

"""Looks into the Office files of 1997 to 2003, Outlook items, and objects embedded in any document."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from wardmail.content.inspection.archives.unpack import TooLarge, inflated_as_far
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Member, Sign
from wardmail.content.inspection.office.macros import look_at_macros
from wardmail.content.inspection.office.ole import SIGNATURE, Ole

_EQUATION = bytes.fromhex("02ce020000000000c000000000000046")
_DDE = re.compile(rb"\x13\s*(?:D\0?D\0?E\0?(?:A\0?U\0?T\0?O)?)", re.IGNORECASE)
_LINK_FIELD = re.compile(rb"\x13\x00? ?\x00?I\0?N\0?C\0?L\0?U\0?D\0?E\0?T\0?E\0?X\0?T", re.IGNORECASE)


def look_into_ole(file: File, allowance: Allowance) -> Iterator[Sign]:
    try:
        ole = Ole(file.octets)
    except (ValueError, struct.error):
        yield found("office-damaged", file.path)
        return
    if ole.has_too_many:
        yield found("budget-parts", file.path)
    if ole.has("encryptedpackage", "encryptedsummary"):
        yield found("office-encrypted", file.path)
    yield from look_at_macros(file, ole)
    yield from _look_at_objects(file, ole, allowance)
    for stream in ole.named("worddocument"):
        yield from _word(file, ole.read(stream))
    for stream in ole.named("workbook", "book"):
        yield from _workbook(file, ole.read(stream))
    for stream in ole.named("powerpoint document"):
        yield from _slides(file, ole.read(stream), allowance)
    if ole.has("__properties_version1.0"):
        yield from _outlook(ole, allowance)


def look_into_encrypted(file: File, _allowance: Allowance) -> Iterator[Sign]:
    yield found("office-encrypted", file.path)


def look_into_mso(file: File, allowance: Allowance) -> Iterator[Sign]:
    """ActiveMime: how documents saved as web pages carry their macros."""
    for at in (0x32, 0x22A):
        try:
            octets = inflated_as_far(file.octets[at:], allowance.left)
        except TooLarge:
            yield found("budget-octets", file.path)
            return
        if octets.startswith(SIGNATURE) and allowance.member(len(octets)):
            yield Member("vbaProject.bin", octets)
            return


def _word(file: File, stream: bytes) -> Iterator[Sign]:
    if len(stream) > 12 and stream[11] & 1:
        yield found("office-encrypted", file.path)
    if _DDE.search(stream):
        yield found("office-dde", file.path)
    if _LINK_FIELD.search(stream):
        yield found("office-link", file.path)


def _workbook(file: File, stream: bytes) -> Iterator[Sign]:
    """Records of BIFF8: FILEPASS 0x2F, BOUNDSHEET 0x85 (type 1 is a macro sheet), SUPBOOK 0x1AE (DDE has U+0003)."""
    position = 0
    while position + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, position)
        record = stream[position + 4 : position + 4 + size]
        position += 4 + size
        if kind == 0x2F:
            yield found("office-encrypted", file.path)
        elif kind == 0x85 and len(record) > 5 and record[5] == 1:
            yield found("office-macro-xlm", file.path)
        elif kind == 0x1AE and b"\x03" in record[4:]:
            yield found("office-dde", file.path)
        elif kind == 0 and size == 0:
            break


def _slides(file: File, stream: bytes, allowance: Allowance) -> Iterator[Sign]:
    """ExOleObjStg (0x1011) of [MS-PPT] holds objects and macros, compressed."""
    position = stream.find(b"\x11\x10", 2)
    for _ in range(200):
        if position < 0:
            return
        size = int.from_bytes(stream[position + 2 : position + 6], "little")
        packed = stream[position + 6 : position + 6 + size]
        octets = packed
        if stream[position - 2] & 0x10:
            try:
                octets = zlib.decompressobj().decompress(packed[4:], allowance.left + 1)
            except zlib.error:
                octets = b""
        if octets.startswith(SIGNATURE) and allowance.member(len(octets)):
            yield Member("object.ole", octets)
        position = stream.find(b"\x11\x10", position + 2)
    if position >= 0:
        yield found("budget-parts", file.path)


def _look_at_objects(file: File, ole: Ole, allowance: Allowance) -> Iterator[Sign]:
    if any(each.class_id == _EQUATION for each in ole.streams) or ole.has("equation native"):
        yield found("office-equation", file.path)
    for stream in ole.named("\1ole10native", "package", "contents"):
        octets = ole.read(stream)
        name, content = ("", octets) if not stream.path.lower().endswith("\1ole10native") else packaged(octets)
        if name:
            yield found("office-object", file.path)
        if (content or name) and allowance.member(len(content)):
            yield Member(name or "object", content)


def packaged(octets: bytes) -> tuple[str, bytes]:
    """The name and content of a file in an Ole10Native stream; the whole, unnamed, when it is something else."""
    if octets[4:6] != b"\2\0":
        return "", octets[4:]
    label, _, rest = octets[6:].partition(b"\0")
    source, _, rest = rest.partition(b"\0")
    if len(rest) < 12:
        return label.decode("cp1252", "replace"), rest
    path_size = int.from_bytes(rest[4:8], "little")
    size = int.from_bytes(rest[8 + path_size : 12 + path_size], "little")
    name = (label or source).replace(b"\\", b"/").rpartition(b"/")[2]
    return name.decode("cp1252", "replace"), rest[12 + path_size : 12 + path_size + size]


def _outlook(ole: Ole, allowance: Allowance) -> Iterator[Sign]:
    """Attachments and body of an Outlook item ([MS-OXMSG])."""
    names = {
        each.path.rpartition("/")[0]: ole.read(each).decode("utf-16-le", "replace")
        for each in ole.named("__substg1.0_3707001f")
    }
    for stream in ole.named("__substg1.0_37010102", "__substg1.0_10130102", "__substg1.0_1013001f"):
        octets = ole.read(stream)
        is_attached = stream.path.lower().endswith("37010102")
        name = names.get(stream.path.rpartition("/")[0], "attachment") if is_attached else "body.html"
        if allowance.member(len(octets)):
            yield Member(name, octets)

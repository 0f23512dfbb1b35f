"""Looks into OOXML and OpenDocument files: macros, fields that start programs, parts fetched from elsewhere, objects."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from wardmail.content.inspection.archives.members import MOST_ENTRIES, leads_out
from wardmail.content.inspection.archives.zip import ZipEntry, read_directory, unpacked
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Link, Member, Sign
from wardmail.content.mime.transfer import from_base64

_RELATION = re.compile(r"<(?:\w+:)?Relationship\s([^<>]{1,8000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_CODE = re.compile(r"<w:instrText[^>]{0,300}>([^<]{0,4000})|w:instr=\"([^\"]{0,4000})\"")
_DDE = re.compile(r"\bDDE(?:AUTO)?\b", re.IGNORECASE)
_INCLUDED = re.compile(r"\bINCLUDE(PICTURE|TEXT)\s+(?:\\[a-z*!]\s+){0,9}\"?\s*([^\"\s]{1,2000})", re.IGNORECASE)
_SHARE = re.compile(r"(?:file|smb):|\\\\|//", re.IGNORECASE)
_QUOTED = re.compile(r"\bQUOTE\s+((?:\d{2,3}\s+){2,}\d{2,3})", re.IGNORECASE)
_FETCHED = (
    "attachedTemplate",
    "oleObject",
    "frame",
    "subDocument",
    "externalLinkPath",
    "mailMergeSource",
    "customUI",
    "aFChunk",
)
_HOST = re.compile(
    r"(?:(?:https?|ftp|mhtml|x-usc|ms-\w+):(?:!x-usc:|mhtml:|https?:|//|\\\\)*|file:/{2,5}(?=[^/:]+\.)|\\\\|//)([^/\\\s:!]+)",
    re.IGNORECASE,
)
_ORDINARY = tuple(
    f".{ending}"
    for ending in "xml rels png jpg jpeg gif emf wmf tif tiff bmp vml svg wdp fntdata odttf psmdcp thmx".split()  # noqa: SIM905
)
_LARGEST_FLAT = 8 * 1024 * 1024
_DDE_FORMULA = re.compile(r"Formula=\"=[^\"<>|]{1,60}\|[^\"<>]*!", re.IGNORECASE)
_DDE_RECORD = re.compile(rb"\xe8\x02(?:[\x80-\xff]{0,3}[\x00-\x7f])\x01\x00", re.DOTALL)
"""BrtBeginSupBook with sbtDde ([MS-XLSB] 2.4.237)."""
_BINARY = re.compile(r"pkg:name=\"([^\"]{1,300})\"[^>]*>\s*<pkg:binaryData>([A-Za-z0-9+/=\s]*)<")


def look_into_ooxml(file: File, allowance: Allowance) -> Iterator[Sign]:
    reading = read_directory(file.octets)
    if reading.fault:
        yield found("office-damaged" if reading.fault == "archive-damaged" else reading.fault, file.path)
    names = [entry.name.lower() for entry in reading.entries]
    if len(set(names)) != len(names):
        yield found("office-damaged", file.path)
    if any(leads_out(name) for name in names):
        yield found("archive-path", file.path)
    yield from _by_names(file, names)
    for entry in reading.entries[:MOST_ENTRIES]:
        yield from _part(file, entry, allowance)


def _by_names(file: File, names: list[str]) -> Iterator[Sign]:
    if any("macrosheets/" in name or "dialogsheets/" in name for name in names):
        yield found("office-macro-xlm", file.path)
    if any("/activex/" in name for name in names):
        yield found("office-activex", file.path)
    if any(name.startswith(("basic/", "scripts/")) and not name.endswith(("/", "script-lc.xml")) for name in names):
        yield found("office-macro", file.path)


def _part(file: File, entry: ZipEntry, allowance: Allowance) -> Iterator[Sign]:
    name = entry.name.lower()
    is_markup = name.endswith((".xml", ".rels", ".vml"))
    if not is_markup and name.endswith(_ORDINARY) and "embed" not in name:
        return
    content = unpacked(file.octets, entry, min(allowance.left, 24 * 1024 * 1024))
    if content.fault or content.octets is None:
        yield found(content.fault or "office-damaged", file.path, content.why)
    if content.octets is None or not allowance.spending.octets(len(content.octets)):
        return
    if not is_markup:
        if "externallinks/" in name and _DDE_RECORD.match(content.octets):
            yield found("office-dde", file.path)
        if not entry.name.endswith("/") and allowance.spending.part():
            yield Member(entry.name, content.octets)
        return
    yield from _markup(file, name, _text(content.octets))


def _text(octets: bytes) -> str:
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        return octets.decode("utf-16", "replace")
    return octets.decode("utf-8", "replace")


def _markup(file: File, name: str, text: str) -> Iterator[Sign]:
    if name.endswith(".rels"):
        for match in _RELATION.finditer(text):
            yield from _relation(file, match[1])
    elif "word/" in name or name.startswith("pkg"):
        yield from look_at_fields(file, text)
    for where, pattern, finding_id, words in _MARKS:
        if where in name and pattern.search(text):
            yield found(finding_id, file.path, words)


_MARKS = (
    ("externallinks/", re.compile(r"<(?:\w+:)?ddeLink\b"), "office-dde", ""),
    ("connections.xml", re.compile(r"refreshOnLoad=\"(?:1|true)\""), "office-external", "a data connection"),
    ("worksheets/", re.compile(r"<f\b[^<>]*>[^<]{0,8000}\bWEBSERVICE\("), "office-external", "a formula"),
    ("content.xml", re.compile(r"xlink:href=\"(?:smb:|\\\\|//|file:/{2}(?=[^/\"]+\.))"), "office-external", "a share"),
    ("customui", re.compile(r"\bonLoad\s*=", re.IGNORECASE), "office-custom-ui", ""),
    ("manifest.xml", re.compile("encryption-data"), "office-encrypted", ""),
    ("content.xml", re.compile(r"vnd\.sun\.star\.script"), "office-macro-auto", "an event"),
    ("content.xml", re.compile(r"dde:|<(?:\w+:)?dde-"), "office-dde", ""),
    ("ppt/", re.compile(r"action=\"ppaction://(?:program|macro)"), "office-macro-auto", "an action on a slide"),
)


def look_at_fields(file: File, text: str) -> Iterator[Sign]:
    """Field codes may be cut into runs, and spelt in numbers."""
    codes = html.unescape("".join(match[1] or f" {match[2]} " for match in _CODE.finditer(text)))
    spelt = "".join(chr(int(number) % 256) for match in _QUOTED.finditer(codes) for number in match[1].split())
    if _DDE.search(codes) or _DDE.search(spelt):
        yield found("office-dde", file.path)
    for match in _INCLUDED.finditer(codes):
        yield from _fetched(file, match[2], is_content=match[1].upper() == "TEXT")


def _relation(file: File, attributes: str) -> Iterator[Sign]:
    given = {match[1].lower(): html.unescape(match[2] or match[3] or "") for match in _ATTRIBUTE.finditer(attributes)}
    if given.get("targetmode", "").lower() != "external":
        return
    kind, target = given.get("type", "").rpartition("/")[2], unquote(given.get("target", ""))
    if kind == "hyperlink":
        yield Link(target)
        return
    yield from _fetched(file, target, is_content=kind in _FETCHED)


def _fetched(file: File, target: str, *, is_content: bool) -> Iterator[Sign]:
    """A picture from the web tells that the document was opened; one from a share gives the reader's password hash away."""
    host = _HOST.search(target)
    is_outside = host is not None and ("." in host[1] or target.lower().startswith(("http", "ftp", "mhtml", "x-usc")))
    if host is not None and is_outside and (is_content or _SHARE.match(target)):
        yield Link(target)
        yield found("office-external", file.path, host[1])
    else:
        yield found("office-link", file.path)


def look_into_flat(file: File, allowance: Allowance) -> Iterator[Sign]:
    """A whole document in one XML file (Word 2003 XML, Flat OPC)."""
    if b"<?mso-application" not in file.octets[:4096] and b"schemas.microsoft.com/office" not in file.octets[:8192]:
        return
    if len(file.octets) > _LARGEST_FLAT:
        yield found("budget-octets", file.path)
    text = _text(file.octets[:_LARGEST_FLAT])
    if 'macrosPresent="yes"' in text or "vbaProject" in text or "editdata.mso" in text or "<w:binData" in text:
        yield found("office-macro", file.path)
        yield found("office-macro-auto", file.path, "within a document in XML")
    if _DDE_FORMULA.search(text):
        yield found("office-dde", file.path)
    yield from look_at_fields(file, text)
    for match in _RELATION.finditer(text):
        yield from _relation(file, match[1])
    for match in _BINARY.finditer(text):
        octets = from_base64(match[2].encode("ascii")).octets
        if "media/" not in match[1] and allowance.member(len(octets)):
            yield Member(match[1], octets)

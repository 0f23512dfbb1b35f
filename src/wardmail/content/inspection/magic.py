"""Says what a file is by its octets: the type by which it is judged, whatever it is called."""

from __future__ import annotations

import re

from wardmail.content.inspection.archives.tar import adds_up
from wardmail.content.inspection.archives.zip import read_directory
from wardmail.content.inspection.magic_table import AT_START, ELSEWHERE, OLE_MARKS, ZIP_MARKS
from wardmail.content.inspection.magic_texts import GUESSED, kind_of_script

_SAMPLE = 4096
_TEXT_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|meta\s|title>|table|div|form\s|a\s+href|img\s|style)",
    re.IGNORECASE,
)
_SVG = re.compile(rb"<(?:\w+:)?svg[\s>]", re.IGNORECASE)
_HEADER = re.compile(rb"(?:[!-9;-~]{1,60}:[ \t][^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}", re.IGNORECASE)
_MAIL_FIELD = re.compile(
    rb"^(?:from|received|return-path|mime-version|message-id|subject|date|content-type):", re.IGNORECASE | re.MULTILINE
)
_CALENDAR = re.compile(rb"\A\s*BEGIN:(VCALENDAR|VCARD)", re.IGNORECASE)
_PE_OFFSET = slice(0x3C, 0x40)
_APPLE_TRAILER = b"koly"


_PAGES = {
    **dict.fromkeys(("html", "htm", "shtml", "xhtml", "xht", "mht", "mhtml", "hta"), "text/html"),
    **dict.fromkeys(("svg", "svgz"), "image/svg+xml"),
    **dict.fromkeys(("xml", "xsl", "xslt", "xsd"), "text/xml"),
}
_OPENED_BY_NAME = GUESSED | {"text/plain", "text/xml", "text/calendar", "text/vcard", "application/octet-stream"}
_DECLARED = {
    **{kind: kind for kind in ("text/html", "image/svg+xml", "text/xml")},
    "application/xhtml+xml": "text/html",
    "application/xml": "text/xml",
}


def opened_as(kind: str, extension: str, declared: str) -> str:
    """Nondescript text is opened as what its name or declaration says: a browser reads on where a sample ended."""
    if kind not in _OPENED_BY_NAME:
        return kind
    return _PAGES.get(extension) or _DECLARED.get(declared, kind)


def detect(octets: bytes) -> str:
    """A MIME type; `application/octet-stream` when nobody knows, `text/plain` for text of no special kind."""
    if not octets:
        return "application/x-empty"
    for offset, signature, kind in AT_START:
        if octets.startswith(signature, offset):
            return _closer(kind, octets)
    for start, stop, signature, kind in ELSEWHERE:
        if octets.find(signature, start, stop) >= 0:
            return _closer(kind, octets)
    if adds_up(octets[:512]):
        return "application/x-tar"
    if octets[-512:-508] == _APPLE_TRAILER:
        return "application/x-apple-diskimage"
    return _archive_behind(octets) or _text_kind(octets)


def is_text(octets: bytes) -> bool:
    """By its start: no control characters but those of texts, or UTF-16 with its mark."""
    return octets.startswith((b"\xff\xfe", b"\xfe\xff")) or not _TEXT_CONTROLS.search(octets[:_SAMPLE])


def _archive_behind(octets: bytes) -> str:
    """Programs find a zip by its end and a RAR within the first megabyte, whatever stands before."""
    end = octets.rfind(b"PK\x05\x06", max(0, len(octets) - 66_000))
    if end >= 0 and len(octets) - end >= 22 and octets.find(b"PK\x01\x02", 0, end) >= 0:
        return "application/zip"
    return "application/vnd.rar" if octets.find(b"Rar!\x1a\x07", 0, 1024 * 1024) >= 0 else ""


def _closer(kind: str, octets: bytes) -> str:
    """Families are told apart by what is in them."""
    if kind == "application/x-ole":
        return next((each for mark, each in OLE_MARKS if mark in octets), kind)
    if kind == "application/zip":
        return _zip_kind(octets)
    if kind == "application/x-dosexec":
        at = int.from_bytes(octets[_PE_OFFSET], "little")
        is_program = octets[at : at + 2] in (b"PE", b"NE", b"LE", b"LX") or (len(octets) > 64 and not is_text(octets))
        return kind if is_program else _text_kind(octets)
    if kind == "application/java-vm" and int.from_bytes(octets[4:8], "big") < 40:
        return "application/x-mach-binary"
    return kind


def _zip_kind(octets: bytes) -> str:
    """By the names of its files, so that nothing within a file or a comment speaks for the whole."""
    names = {entry.name.lower() for entry in read_directory(octets).entries}
    for mark, kind in ZIP_MARKS:
        if octets.startswith(mark, 30) or any(name.startswith(mark.decode().lower()) for name in names):
            return kind
    return "application/zip"


def _text_kind(octets: bytes) -> str:
    sample = octets[:_SAMPLE]
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        sample = octets[: 2 * _SAMPLE].decode("utf-16", "replace").encode()
    sample = sample.removeprefix(b"\xef\xbb\xbf")
    if _TEXT_CONTROLS.search(sample):
        return "text/html" if _HTML.search(sample) and b"<script" in sample.lower() else "application/octet-stream"
    return kind_of_script(sample) or _kind_of_page(sample)


def _kind_of_page(sample: bytes) -> str:
    calendar = _CALENDAR.match(sample)
    if calendar is not None:
        return "text/calendar" if calendar[1].upper() == b"VCALENDAR" else "text/vcard"
    picture, page = _SVG.search(sample), _HTML.search(sample)
    if picture and not (page and page.start() < picture.start()):
        return "image/svg+xml"
    if page and not (sample.lstrip().startswith(b"<?xml") and b"<html" not in sample.lower()):
        return "text/html"
    start = sample.partition(b"\n")[2] if sample.startswith(b"From ") else sample.lstrip(b"\r\n")
    if _HEADER.match(start) and len(_MAIL_FIELD.findall(sample)) > 1:
        return "message/rfc822"
    return "text/xml" if sample.lstrip().startswith(b"<?xml") else "text/plain"

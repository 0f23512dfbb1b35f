"""Looks into calendars and cards for the files that mail programs save from them (RFC 5545 3.8.1.1, RFC 6350 6.2.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from wardmail.content.inspection.file import Allowance, File, Member, Sign
from wardmail.content.inspection.page import look_into_page, look_into_text
from wardmail.content.mime.transfer import from_base64

_FOLD = re.compile(rb"\r?\n[ \t]")
_HEAD = re.compile(rb"((?:[^\":\r\n]++|\"[^\"\r\n]*+\")*+):")
_ENCODED = re.compile(rb";ENCODING=\"?B(?:ASE64)?\b", re.IGNORECASE)
_NAME = re.compile(rb";(?:X-)?(?:FILENAME|LABEL|ORACLE-FILENAME)=\"?([^\";]{1,255})", re.IGNORECASE)
_DATA = re.compile(rb";base64,([A-Za-z0-9+/=]*+)", re.IGNORECASE)
_ESCAPE = re.compile(rb"\\([\\;,nN])")


def look_into_card(file: File, allowance: Allowance) -> Iterator[Sign]:
    yield from look_into_text(file, allowance)
    for line in _FOLD.sub(b"", file.octets).splitlines():
        head = _HEAD.match(line)
        if head is None:
            continue
        value = line[head.end() :]
        if _ENCODED.search(head[1]):
            yield from _member(head[1], from_base64(value).octets, allowance)
        elif head[1].upper().startswith(b"X-ALT-DESC"):
            page = _ESCAPE.sub(lambda match: b"\n" if match[1] in b"nN" else match[1], value)
            yield from look_into_page(replace(file, octets=page, kind="text/html", is_body=True), allowance)
        for data in _DATA.finditer(line):
            yield from _member(head[1], from_base64(data[1]).octets, allowance)


def _member(head: bytes, octets: bytes, allowance: Allowance) -> Iterator[Sign]:
    name = _NAME.search(head)
    if octets and allowance.member(len(octets)):
        yield Member(name[1].decode("utf-8", "replace") if name else "attachment", octets)

"""Reads a form with one file (multipart/form-data, RFC 7578), within a budget of size and time, as octets and never as text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from wardmail.web.bodies import body_within

_BESIDES = 64 * 1024
"""Octets for everything that is not the file."""

_SECONDS = 120.0
_MOST_PARTS, _LONGEST_HEAD = 20, 4096
_BOUNDARY = re.compile(
    r'multipart/form-data\s*;(?:[^"]*;)?\s*boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?', re.ASCII | re.I
)
_NAME = re.compile(rb'(?:^|;)\s*name="([a-z_]{1,40})"', re.I)
_FILE = re.compile(rb"(?:^|;)\s*filename\*?=", re.I)
_large_at_once = asyncio.Semaphore(2)
"""Files are in memory while they are read."""


class FormTooLarge(ValueError):
    """Raised before more is read than may come."""


@dataclass(frozen=True, slots=True)
class SentForm:
    """`file` is empty when none was chosen. What the file was called is not kept: nothing may depend on it."""

    fields: Mapping[str, str]
    file: bytes = b""


def is_upload(request: Request) -> bool:
    """Any other form can bring no file."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def read_upload(request: Request, largest: int) -> SentForm:
    """`largest`: octets of the file. Raises ValueError for what is no such form, FormTooLarge, and TimeoutError."""
    boundary = _BOUNDARY.match(request.headers.get("content-type", ""))
    if boundary is None:
        raise ValueError("the form is no multipart/form-data")
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > largest + _BESIDES:
        raise FormTooLarge("the form is too long")
    async with asyncio.timeout(_SECONDS), _large_at_once:
        body = await body_within(request, largest + _BESIDES)
        if body is None:
            raise FormTooLarge("the form is too long")
        return await asyncio.to_thread(form_of, body, boundary[1].encode(), largest)


def form_of(body: bytes, boundary: bytes, largest: int) -> SentForm:
    """The first value of each field, and the first file. Raises ValueError and FormTooLarge."""
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary, _MOST_PARTS + 1)
    if len(parts) > _MOST_PARTS + 1 or len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise ValueError("the form has no end, or too many parts")
    fields: dict[str, str] = {}
    file = b""
    for part in parts[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if not part.startswith(b"\r\n") or len(head) > _LONGEST_HEAD:
            raise ValueError("a part of the form cannot be read")
        said = _disposition(head)
        name = _NAME.search(said)
        if _FILE.search(said):
            file = file or content
        elif name is not None:
            fields.setdefault(name[1].decode().lower(), content.decode("utf-8", "replace").replace("\0", ""))
    if len(file) > largest or sum(map(len, fields.values())) > _BESIDES:
        raise FormTooLarge("a part of the form is too long")
    return SentForm(fields, file)


def _disposition(head: bytes) -> bytes:
    """The parameters of Content-Disposition: form-data; empty when it is anything else."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        kind, _, parameters = value.strip().partition(b";")
        if name.strip().lower() == b"content-disposition" and kind.strip().lower() == b"form-data":
            return parameters
    return b""

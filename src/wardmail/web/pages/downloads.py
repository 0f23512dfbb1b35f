"""How a file that somebody else made is given to a browser: to be saved, never to be opened here (RFC 6266)."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from urllib.parse import quote

from starlette.responses import Response

from wardmail.web.pages.rendering import GUARDS
from wardmail.web.sending import SentInPieces

_LONGEST = 100
_UNFIT = re.compile(r"[^A-Za-z0-9._ -]")
_PLACES = re.compile(r"[\\/:*?\"<>|]")


def saved(octets: bytes, name: str, otherwise: str, room: AsyncExitStack) -> Response:
    """`otherwise` is what it is called when nothing of its own name can be used; `room` is left when it is sent."""
    headers = GUARDS | {
        "Content-Disposition": disposition(name, otherwise),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return SentInPieces(octets, headers, room)


def disposition(name: str, otherwise: str) -> str:
    """No name can leave its place, hide its ending or end the field; in ASCII, and in UTF-8 for who reads that."""
    safe = _shortened(_PLACES.sub("_", "".join(each if each.isprintable() else "_" for each in name)).strip(" ."))
    plain = _UNFIT.sub("_", safe) if safe else otherwise
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe or otherwise, safe='')}"


def _shortened(name: str) -> str:
    """Its ending is kept: by that people see what it is."""
    if len(name) <= _LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: _LONGEST - len(ending) - 1]}{dot}{ending}" if dot and len(ending) < 20 else name[:_LONGEST]

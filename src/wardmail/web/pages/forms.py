"""Reads the form that a page was sent, within a budget, and tells whether one of our own pages sent it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

from wardmail.web.bodies import body_within

_LARGEST = 64 * 1024
_MOST_FIELDS = 220
_SECONDS = 30.0
_OWN_PATH = re.compile(r"/(?:[A-Za-z0-9_.~=&?%@+-][A-Za-z0-9_.~=&?%@+/-]*)?").fullmatch


_ID = re.compile(r"[0-9A-Z]{18}").fullmatch


def message_id_of(request: Request) -> str:
    """Of the path; empty when it cannot be one."""
    found = str(request.path_params["id"]).upper()
    return found if _ID(found) else ""


async def read_form(request: Request) -> Mapping[str, str]:
    """The first value of each field. Raises ValueError when it is too long, TimeoutError when it is too slow."""
    async with asyncio.timeout(_SECONDS):
        body = await body_within(request, _LARGEST)
    if body is None:
        raise ValueError("the form is too long")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    return {name: values[0].replace("\0", "") for name, values in fields.items()}


def is_from_us(request: Request) -> bool:
    """Browsers say which site sent a form, by one header or the other; what says neither is not taken."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is None:
        return False
    is_own = origin is None or urlsplit(origin)[:2] == ("https", request.headers.get("host", ""))
    return is_own and site in (None, "same-origin")


SECRETS = frozenset({"form_token", "password", "present", "new", "code", "answer"})
_PRESSED = frozenset(
    {
        "confirmed",
        "known",
        "do",
        "act",
        "step",
        "decision",
        "copies",
        "by",
        "next",
        "session",
        "task",
        "matter",
        "key",
        "once",
    }
)
"""What a form carries without anybody writing it."""


def typed_of(form: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """What somebody wrote, to be given back to them; never a secret."""
    written = {name: text for name, text in form.items() if text.strip() and name not in SECRETS | _PRESSED}
    return [
        (re.sub("[_-]", " ", name).capitalize(), text) for name, text in written.items() if not name.startswith("pick-")
    ]


def own_path(wanted: str) -> str:
    """Where to go after the log-in: a page of ours, whatever a link may have said."""
    return wanted if _OWN_PATH(wanted) and len(wanted) <= 500 else "/"


def query_of(request: Request, name: str, most: int = 320) -> str:
    return request.query_params.get(name, "").replace("\0", "").strip()[:most]

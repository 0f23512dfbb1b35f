"""Draws pages: everything is escaped, and a page may load nothing but our own files."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader
from starlette.responses import HTMLResponse

from wardmail.manage.message_search import found_by, in_words
from wardmail.model.person import Person
from wardmail.model.steering import TURNING
from wardmail.web.pages.navigation import Places

ASSETS = Path(__file__).resolve().parents[1] / "assets"

GUARDS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # Not `no-referrer`: with that, a browser would say of our own forms that they come from nowhere (Fetch, 3.2).
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


_TURNS = re.compile(f"[{TURNING}]")


@dataclass(frozen=True, slots=True)
class Site:
    """Whose gateway it is. `environment` empty where it is the real one."""

    organisation: str = ""
    environment: str = ""
    service: str = "Secure email gateway"

    @property
    def environment_words(self) -> str:
        kept = "Nothing that is sent here leaves this machine."
        return kept if self.environment == "sandbox" else "This is not the live service."


class Pages:
    """`places` is what the menu leads to; whoever builds the site says so."""

    def __init__(self, site: Site) -> None:
        self._site = site
        # The design system's macros do not escape what they are given: the environment must, whatever a file is called.
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader("wardmail.web"), PackageLoader("nhsuk_frontend_jinja")]),
            autoescape=True,
            undefined=ChainableUndefined,
        )
        self._environment.globals |= {"site": site, "asset": asset, "pages": self, "finds_by": _finds_by}
        self.places = Places()

    def draw(self, name: str, title: str, status: int = 200, **values: object) -> HTMLResponse:
        # The page as a whole: what macros put together has escaped the look at each value.
        html = straight(self._environment.get_template(name).render(title=title, **values))
        return HTMLResponse(html, status, headers=GUARDS)

    def problem(self, status: int, title: str, *sentences: str, **values: object) -> HTMLResponse:
        return self.draw("problem.jinja", title, status, sentences=sentences, **values)


def _finds_by(person: Person) -> str:
    return in_words(found_by(person))


def straight(text: str) -> str:
    """Without characters that turn it round."""
    return _TURNS.sub("\N{REPLACEMENT CHARACTER}", text)


@cache
def asset(name: str) -> str:
    """Its address; a changed file has another one, so that it can be kept for ever."""
    digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()
    return f"/assets/{name}?{digest[:12]}"

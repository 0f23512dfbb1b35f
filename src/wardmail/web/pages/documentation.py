"""The documentation at `/docs`: five doors, pages by kind, and a search; served by the gateway itself, for its own version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wardmail.web.pages.forms import query_of
from wardmail.web.pages.guard import Open
from wardmail.web.pages.markdown import ROOT, draw
from wardmail.web.pages.rendering import GUARDS, Pages

_KINDS = {
    "tutorials": "Tutorials",
    "how-to": "How to",
    "reference": "Reference",
    "explanation": "Explanation",
    "clinical-safety": "Clinical safety",
    "adr": "Decisions",
}
_BECAUSE = "the documentation says nothing about this installation"


@dataclass(frozen=True, slots=True)
class Library:
    """`texts`: Markdown by name below `/docs`, without its ending; `pictures`: SVG by name, with it."""

    texts: Mapping[str, str]
    pictures: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    title: str
    html: Markup

    @property
    def address(self) -> str:
        return f"{ROOT}/{self.name}"


class Documentation:
    """`library` is asked for once, when somebody first reads. `contacts` are pairs of what about and whom to ask."""

    def __init__(self, pages: Pages, library: Callable[[], Library], contacts: Sequence[tuple[str, str]] = ()) -> None:
        self._pages = pages
        self._fetch = library
        self._contacts = contacts

    @cached_property
    def _library(self) -> Library:
        return self._fetch()

    @cached_property
    def _leaves(self) -> Mapping[str, Leaf]:
        found = {}
        for name, text in self._library.texts.items():
            drawn = draw(text, name)
            found[name] = Leaf(name, drawn.title, Markup(drawn.html))  # noqa: S704 (our own text, and HTML is off)
        return found

    @cached_property
    def _sections(self) -> Sequence[tuple[str, Sequence[Leaf]]]:
        by_kind = {
            words: sorted(
                (leaf for name, leaf in self._leaves.items() if name.startswith(f"{kind}/")), key=lambda each: each.name
            )
            for kind, words in _KINDS.items()
        }
        return [(words, leaves) for words, leaves in by_kind.items() if leaves]

    async def show(self, request: Request) -> Response:
        name = str(request.path_params.get("name", "")).strip("/") or "index"
        if name in self._library.pictures:
            return Response(self._library.pictures[name], media_type="image/svg+xml", headers=GUARDS)
        wanted = query_of(request, "q", 100)
        if name == "index" and wanted:
            return self._draw("Search", None, wanted, self._search(wanted))
        leaf = self._leaves.get(name)
        if leaf is None:
            return self._pages.problem(404, "There is no such page of the documentation", f"Begin at {ROOT}.")
        return self._draw(leaf.title, leaf)

    async def help(self, _: Request) -> Response:
        return self._pages.draw("help.jinja", "Help", contacts=self._contacts)

    def _search(self, wanted: str) -> Sequence[Leaf]:
        """Pages that hold every word, those that name it in their title first."""
        words = wanted.lower().split()
        texts = self._library.texts
        found = [leaf for name, leaf in self._leaves.items() if all(word in texts[name].lower() for word in words)]
        found.sort(key=lambda leaf: (not all(word in leaf.title.lower() for word in words), leaf.name))
        return found

    def _draw(self, title: str, leaf: Leaf | None, wanted: str = "", found: Sequence[Leaf] = ()) -> Response:
        return self._pages.draw("documentation.jinja", title, sections=self._sections, leaf=leaf, q=wanted, found=found)


def documentation_routes(documentation: Documentation) -> list[Route]:
    return [
        Route("/help", Open(documentation.help, "whoever cannot log in needs it most"), methods=["GET"]),
        Route(ROOT, Open(documentation.show, _BECAUSE), methods=["GET"]),
        Route(f"{ROOT}/{{name:path}}", Open(documentation.show, _BECAUSE), methods=["GET"]),
    ]

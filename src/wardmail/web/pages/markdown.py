"""Draws our own documentation: Markdown without HTML, in the looks of the design system, its links made into addresses."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from markdown_it import MarkdownIt
from markdown_it.token import Token

_CLASSES = {
    "h1": "nhsuk-heading-xl",
    "h2": "nhsuk-heading-l",
    "h3": "nhsuk-heading-m",
    "h4": "nhsuk-heading-s",
    "ul": "nhsuk-list nhsuk-list--bullet",
    "ol": "nhsuk-list nhsuk-list--number",
    "table": "nhsuk-table",
    "thead": "nhsuk-table__head",
    "tbody": "nhsuk-table__body",
    "tr": "nhsuk-table__row",
    "td": "nhsuk-table__cell",
}
_CODE = re.compile(r"WM-[A-Z0-9-]+")
"""An error code is its own anchor: the `type` of a problem leads to it."""

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
ROOT = "/docs"


@dataclass(frozen=True, slots=True)
class Drawn:
    """`title` is the first heading; `html` is safe to stand in a page: what it was made of could hold no HTML."""

    title: str
    html: str


def draw(text: str, name: str) -> Drawn:
    """`name` is the page's own below `/docs`, by which its links are understood."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    seen: set[str] = set()
    for place, token in enumerate(tokens):
        _dress(token, tokens[place + 1] if token.type == "heading_open" else None, seen)
        for inner in token.children or ():
            if inner.type == "link_open":
                inner.attrSet("href", address_of(str(inner.attrGet("href") or ""), name))
            elif inner.type == "image":
                inner.attrSet("src", address_of(str(inner.attrGet("src") or ""), name))
    body = "".join(_rendered(parser, tokens))
    return Drawn(title_of(tokens), body)


def title_of(tokens: Sequence[Token]) -> str:
    heading = next((place for place, token in enumerate(tokens) if token.type == "heading_open"), None)
    return "" if heading is None else _plain(tokens[heading + 1])


def address_of(link: str, name: str) -> str:
    """`../reference/rules.md#why` of `how-to/log-in` is `/docs/reference/rules#why`."""
    if link.startswith(("https://", "/", "#", "mailto:")):
        return link
    path, hash_, anchor = link.partition("#")
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)).removesuffix(".md")
    if whole.startswith("..") or posixpath.splitext(whole)[1] not in {"", ".svg"}:
        return ROOT  # beside the documentation, where only those who have the source can go
    return f"{ROOT}/{whole}{hash_}{anchor}".removesuffix("/index")


def _dress(token: Token, text: Token | None, seen: set[str]) -> None:
    if token.nesting == 1 and token.tag in _CLASSES:
        token.attrSet("class", _CLASSES[token.tag])
    if text is not None:
        words = _plain(text)
        slug = words if _CODE.fullmatch(words) else _NOT_A_WORD.sub("-", words.lower()).strip("-")
        while slug in seen:
            slug += "-again"
        seen.add(slug)
        token.attrSet("id", slug)
    if token.type == "th_open":
        token.attrSet("scope", "col")


def _rendered(parser: MarkdownIt, tokens: Sequence[Token]) -> Iterator[str]:
    """What may be wider than a telephone scrolls by itself, and can be reached by the keyboard."""
    tables = count(1)
    for token in tokens:
        if token.type == "table_open":
            yield f'<div class="wardmail-scroll" role="region" aria-label="Table {next(tables)}" tabindex="0">'
        if token.type == "fence":
            yield f'<pre class="wardmail-listing" tabindex="0"><code>{_escaped(token.content)}</code></pre>'
        else:
            yield parser.renderer.render([token], parser.options, {})
        if token.type == "table_close":
            yield "</div>"


def _plain(inline: Token) -> str:
    return "".join(each.content for each in inline.children or () if each.type in {"text", "code_inline"})


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

"""Splits HTML into tags as browsers do, in linear time: quoted `<` and `>` do not end a tag."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

MOST_TAGS = 100_000
_TAG = re.compile(r"<(/?[a-zA-Z][^\s/>]{0,60})")
_OPENING = re.compile(r"<(/?)([\w.-]{1,60}:)?(?=[A-Za-z_])")
_BINDING = re.compile(r"\sxmlns(?::([\w.-]{1,60}))?\s*=\s*[\"']([^\"'<>]{0,300})[\"']")
_SPACE = re.compile(r"[\s/]*+")
_NAME = re.compile(r"[^\s=>/][^\s=>/]*+")
_EQUALS = re.compile(r"\s*+=\s*+")
_BARE = re.compile(r"[^\s>]*+")
_NONE: dict[str, str] = {}
_BARE_TAGS = frozenset(
    (
        "a",
        "/a",
        "form",
        "script",
        "style",
        "textarea",
        "title",
        "xmp",
        "noembed",
        "svg:script",
        "foreignobject",
        "iframe",
        "object",
    )
)
"""Tags that matter although they have no attributes; the others are passed over."""
_RAW = frozenset(("script", "style", "textarea", "title", "xmp", "noembed"))


class TooManyTags(Exception):
    """There are more than are looked at."""


class Tag(NamedTuple):
    """`name` in lower case, with `/` in front for an end; `raw` is what stands within a script or style."""

    name: str
    attributes: dict[str, str]
    start: int
    end: int
    raw: str = ""


def tags_of(text: str) -> Iterator[Tag]:
    """Raises TooManyTags behind the last one that is looked at."""
    low: str | None = None
    position = text.find("<")
    count = 0
    while position >= 0:
        count += 1
        if count > MOST_TAGS:
            raise TooManyTags
        if text.startswith("<!--", position) and not text.startswith("<!--[if", position):
            position = _behind_comment(text, position)
            continue
        match = _TAG.match(text, position)
        if match is None:
            position = text.find("<", position + 1)
            continue
        name, raw = match[1].lower(), ""
        if text.startswith(">", match.end()):
            attributes, end = _NONE, match.end() + 1
            if name not in _BARE_TAGS:
                position = text.find("<", end)
                continue
        else:
            attributes, end = _attributes(text, match.end())
        if name in _RAW:
            low = low or text.lower()
            close = low.find(f"</{name}", end) if len(low) == len(text) else text.find(f"</{name}", end)
            following = len(text) if close < 0 else close
            raw = text[end:following]
        else:
            following = end
        yield Tag(name, attributes, position, end, raw)
        position = text.find("<", max(following, position + 1))


def only_of_namespace(text: str, namespace: str) -> str:
    """XML in which the elements of `namespace` have bare names and no others have; empty where it is not spoken of.

    A name in an entity of the document's own may stand for any namespace.
    """
    names = ((match[1] or "", html.unescape(match[2]).strip()) for match in _BINDING.finditer(text))
    bound = {prefix for prefix, name in names if name == namespace or "&" in name}
    if not bound:
        return ""

    def renamed(match: re.Match[str]) -> str:
        prefix = (match[2] or "").rstrip(":")
        return f"<{match[1]}" if prefix in bound else f"<{match[1]}{prefix or 'x'}-"

    return _OPENING.sub(renamed, text)


def _behind_comment(text: str, position: int) -> int:
    end = text.find("-->", position + 2)
    return text.find("<", end) if end >= 0 else -1


def _attributes(text: str, position: int) -> tuple[dict[str, str], int]:
    """Of doubled attributes the first counts (HTML 13.2.5.33)."""
    found: dict[str, str] = {}
    while position < len(text):
        space = _SPACE.match(text, position)
        position = space.end() if space else position
        if text.startswith(">", position):
            return found, position + 1
        name = _NAME.match(text, position)
        if name is None:
            position += 1
            continue
        equals = _EQUALS.match(text, name.end())
        if equals is None:
            found.setdefault(name[0].lower(), "")
            position = name.end()
            continue
        value, position = _value(text, equals.end())
        if len(found) < 200:
            found.setdefault(name[0].lower(), html.unescape(value) if "&" in value else value)
    return found, len(text)


def _value(text: str, position: int) -> tuple[str, int]:
    quote = text[position : position + 1]
    if quote in ("'", '"') and quote:
        end = text.find(quote, position + 1)
        # Without its end the rest of the page is the value; browsers show nothing of it.
        return (text[position + 1 : end], end + 1) if end >= 0 else (text[position + 1 :], len(text))
    bare = _BARE.match(text, position)
    return (bare[0], bare.end()) if bare else ("", position)

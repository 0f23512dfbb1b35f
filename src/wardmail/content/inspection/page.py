"""Looks at HTML and SVG: forms, scripts, links, and pages that build what filters would have stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import Allowance, File, Link, Sign, Text
from wardmail.content.inspection.scripts import acts_of
from wardmail.content.inspection.tags import Tag, TooManyTags, only_of_namespace, tags_of
from wardmail.content.markup import text_of_html
from wardmail.content.mime.words import decoded

_LARGEST = 2 * 1024 * 1024
_PLAIN_LINK = re.compile(r"://[^\s<>\"'\x00-\x1f]{1,2000}")
_BARE_LINK = re.compile(r"www\.[a-zA-Z0-9-]{1,63}\.[a-zA-Z0-9.-]{2,200}[^\s<>\"']{0,500}")
_SCHEMES = ("https", "http", "ftp", "file")
_ACTIVE = re.compile(
    r"[\s\x00-\x20]*(?:javascript|vbscript|data\s*:\s*(?:text/html|text/xml|application/|image/svg))", re.IGNORECASE
)
_XHTML, _SVG = "http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"
_DROPPED_BY_BROWSERS = str.maketrans("", "", "\t\n\r")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*[01](?:px|pt|%|em)?\s*(?:;|$)|opacity\s*:\s*0\s*(?:;|$)",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"passw|passwd|\bpwd\b|\bpin\b|passcode|\bpass\b", re.IGNORECASE)
_REFRESH = re.compile(r"url\s*=\s*['\"]?\s*([^'\"\s>]+)", re.IGNORECASE)
_REMOTE = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)


def look_into_text(file: File, _allowance: Allowance) -> Iterator[Sign]:
    if file.depth > 1 and not file.is_body:
        return
    text = decoded(file.octets[:_LARGEST], file.charset)
    yield from map(Link, _links_in(text))
    yield Text(text[: 64 * 1024])


def _links_in(text: str) -> Iterator[str]:
    """By the signs that stand in the middle: to look for all beginnings takes ten times as long."""
    for match in _PLAIN_LINK.finditer(text):
        before = text[max(0, match.start() - 5) : match.start()].lower()
        scheme = next((each for each in _SCHEMES if before.endswith(each)), "")
        if scheme:
            yield scheme + match[0].rstrip(".,;:!?)]}>'")
    for match in _BARE_LINK.finditer(text):
        if not text[max(0, match.start() - 3) : match.start()].endswith("://"):
            yield match[0].rstrip(".,;:!?)]}>'")


def look_into_page(file: File, _allowance: Allowance) -> Iterator[Sign]:
    if len(file.octets) > _LARGEST:
        yield found("budget-octets", file.path)
    text = decoded(file.octets[:_LARGEST], file.charset)
    page = _Page(file, text)
    yield from page.signs()
    if file.is_body or file.depth == 0:
        yield Text(text_of_html(text)[: 64 * 1024])


def look_into_xml(file: File, _allowance: Allowance) -> Iterator[Sign]:
    """A browser runs what is XHTML or SVG within any XML, whatever its prefix."""
    text = decoded(file.octets[:_LARGEST], file.charset)
    page, picture = only_of_namespace(text, _XHTML), only_of_namespace(text, _SVG)
    if page:
        yield from _Page(file, page).signs()
    if picture:
        yield from _signs_of_picture(file, picture)
    if (page or picture) and len(file.octets) > _LARGEST:
        yield found("budget-octets", file.path)


def look_into_picture(file: File, _allowance: Allowance) -> Iterator[Sign]:
    """SVG is a page in the clothes of a picture."""
    if len(file.octets) > _LARGEST:
        yield found("budget-octets", file.path)
    yield from _signs_of_picture(file, decoded(file.octets[:_LARGEST], file.charset))


def _signs_of_picture(file: File, text: str) -> Iterator[Sign]:
    try:
        for tag in tags_of(text):
            yield from _sign_of_picture(file, tag)
    except TooManyTags:
        yield found("budget-parts", file.path)


def _sign_of_picture(file: File, tag: Tag) -> Iterator[Sign]:
    name = tag.name.rpartition(":")[2]
    target = next((value for key, value in tag.attributes.items() if key.rpartition(":")[2] == "href"), "")
    if name in ("script", "foreignobject", "iframe", "embed", "object") or _has_handler(tag) or _is_active(target):
        yield found("svg-script", file.path)
    elif name == "a" and target:
        yield Link(target)


class _Page:
    def __init__(self, file: File, text: str) -> None:
        self.file, self.text = file, text.replace("\0", "")  # as old browsers read it
        self.has_password = self.has_form = self.leads_away = False
        self.scripts: list[str] = []
        self.open_link: Tag | None = None

    def signs(self) -> Iterator[Sign]:
        try:
            for tag in tags_of(self.text):
                yield from self._link(tag)
                yield from self._tag(tag)
        except TooManyTags:
            yield self._found("budget-parts")
        yield from self._close_link(len(self.text))
        yield from self._whole()

    def _found(self, finding_id: str, words: str = "") -> Sign:
        return found(finding_id, self.file.path, words)

    def _tag(self, tag: Tag) -> Iterator[Sign]:
        name, given = tag.name, tag.attributes
        if name == "form":
            self.has_form = True
            if action := given.get("action", ""):
                yield from self._target(action)
        elif name == "input":
            field = " ".join((given.get("name", ""), given.get("id", ""), given.get("placeholder", "")))
            self.has_password |= given.get("type", "").lower() == "password" or bool(_PASSWORD.search(field))
        elif name == "script":
            # No mail program fetches one; a browser does.
            self.scripts.append(tag.raw if self.file.is_body else f"{given.get('src', '')}\n{tag.raw}")
        elif name == "meta" and given.get("http-equiv", "").lower() == "refresh":
            if match := _REFRESH.search(given.get("content", "")):
                yield self._found("html-refresh")
                self.leads_away = True
                yield from self._target(match[1])
        elif name in _SIMPLE:
            yield self._found(_SIMPLE[name])
            yield from self._target(given.get("src") or given.get("data") or given.get("href") or "")
        yield from self._attributes(tag)

    def _attributes(self, tag: Tag) -> Iterator[Sign]:
        given = tag.attributes
        if _has_handler(tag):
            if self.file.is_body:
                yield self._found("html-handler")
            self.scripts += [value for name, value in given.items() if name.startswith("on")]
        style = given.get("style")
        if style and _HIDDEN.search(style):
            yield self._found("html-hidden-text")
        if tag.name in ("img", "link", "body", "td", "table") and any(
            _REMOTE.match(given.get(each, "")) for each in ("src", "href", "background")
        ):
            yield self._found("html-remote")

    def _link(self, tag: Tag) -> Iterator[Sign]:
        if tag.name in ("a", "area", "/a"):
            yield from self._close_link(tag.start)
        if tag.name in ("a", "area") and "href" in tag.attributes:
            self.open_link = tag

    def _close_link(self, end: int) -> Iterator[Sign]:
        if self.open_link is None:
            return
        tag, self.open_link = self.open_link, None
        shown = self.text[tag.end : min(end, tag.end + 2000)]
        shown = text_of_html(shown).strip() if "<" in shown or "&" in shown else shown.strip()
        yield from self._target(tag.attributes["href"], shown[:300])
        if "download" in tag.attributes and tag.attributes["href"].lower().startswith("data:"):
            yield self._found("html-smuggling")

    def _target(self, target: str, shown: str = "") -> Iterator[Sign]:
        if _is_active(target):
            if target.strip().lower() not in _NO_OPERATION and not target.lower().startswith("javascript:void"):
                yield self._found("html-active-link")
        elif target and not target.startswith("#"):
            yield Link(target, shown)

    def _whole(self) -> Iterator[Sign]:
        is_attached = not self.file.is_body
        script = "\n".join(self.scripts)
        if is_attached and self.file.kind != "text/xml":
            yield self._found("html-attachment")
        if script.strip():
            yield self._found("html-script-attached" if is_attached else "html-script")
        acts = acts_of(script) + ["html-leads-away"] * self.leads_away
        yield from (self._found(each) for each in acts if is_attached or each == "html-smuggling")
        if self.has_password:
            yield self._found("html-credential-page" if is_attached else "html-credential-form")
        elif self.has_form:
            yield self._found("html-form")


_SIMPLE = {
    "iframe": "html-frame",
    "frame": "html-frame",
    "object": "html-object",
    "embed": "html-object",
    "applet": "html-object",
    "base": "html-base",
}
_NO_OPERATION = frozenset(("javascript:;", "javascript:", "javascript:void(0)", "javascript:void(0);", "javascript://"))


def _is_active(target: str) -> bool:
    return _ACTIVE.match(target.translate(_DROPPED_BY_BROWSERS)) is not None


def _has_handler(tag: Tag) -> bool:
    return any(name.startswith("on") and len(name) > 3 and value.strip() for name, value in tag.attributes.items())

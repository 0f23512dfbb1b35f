"""Takes each part, names its type, lets the looks at it, and follows what is in it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

from wardmail.content.inspection.catalogue import found, harmless
from wardmail.content.inspection.context import Context
from wardmail.content.inspection.file import Allowance, File, Link, Member, Sign, Text, extension_of
from wardmail.content.inspection.looks import looks_for
from wardmail.content.inspection.magic import detect, opened_as
from wardmail.content.inspection.people import look_at_people
from wardmail.content.mime.leaf import Leaf, Spending
from wardmail.content.mime.reader import read_within
from wardmail.model.inspection import Finding, Inspection, Part

_DEEPEST = 6
_MOST_URLS = 500
_MOST_OF_ONE = 50
_SEARCHED = 64 * 1024
_OPENED_AS_PAGES = frozenset(("mht", "mhtml", "htm", "html", "doc", "dot", "xls", "ppt"))


class Inspector:
    def __init__(self, context: Context, spending: Spending) -> None:
        self.context, self.spending = context, spending
        self.parts: list[Part] = []
        self.links: dict[Link, str] = {}
        self.texts: list[tuple[str, str]] = []

    def take(self, leaf: Leaf, depth: int = 0, *, is_page: bool = False) -> None:
        file = File(
            leaf.path,
            leaf.names,
            leaf.declared,
            "message/rfc822" if leaf.container else _kind(leaf),
            leaf.octets,
            depth,
            leaf.charset,
            leaf.is_body and not is_page,
        )
        faults = [found(fault, leaf.path) for fault in leaf.faults]
        self._look(file, faults, follow=not leaf.container)

    def _look(self, file: File, findings: list[Finding], *, follow: bool = True) -> None:
        """`follow` is false for a message whose parts the reader gives out by itself."""
        members: list[Member] = []
        for look in looks_for(file):
            for sign in look(file, Allowance(self.spending)):
                self._sort(file, sign, findings, members)
        if members and file.depth >= _DEEPEST:
            findings.append(found("archive-deep", file.path))
            members = []
        if follow:
            members.extend(_messages_within(file))
        self.parts.append(_part(file, findings))
        for member in members:
            self._follow(file, member)

    def _sort(self, file: File, sign: Sign, findings: list[Finding], members: list[Member]) -> None:
        if isinstance(sign, Finding):
            findings.append(sign)
        elif isinstance(sign, Member):
            members.append(sign)
        elif isinstance(sign, Text):
            self.texts.append((sign.words, file.declared))
        elif len(self.links) < _MOST_URLS:
            self.links.setdefault(sign, file.path)

    def _follow(self, file: File, member: Member) -> None:
        name = harmless(member.name.replace("\\", "/").strip("/"), 150)
        path = f"{file.path}/{name}" if name else file.path
        if member.is_message:
            for leaf in read_within(member.octets, self.spending, path):
                self.take(leaf, file.depth + 1, is_page=member.is_page)
            return
        kind = opened_as(detect(member.octets), extension_of(member.name), "")
        self._look(File(path, (member.name,) if member.name else (), "", kind, member.octets, file.depth + 1), [])

    def finished(self, message: bytes) -> Inspection:
        whole = [found(fault, path) for fault, path in self.spending.faults]
        whole += look_at_people(message, self.links, self.texts, self.context)
        urls = dict.fromkeys(harmless(link.target, 500) for link in self.links)
        return Inspection(tuple(self.parts), tuple(urls), tuple(_thinned(whole)))


def _messages_within(file: File) -> Iterator[Member]:
    """Word and browsers look for the beginning of a web archive behind other lines."""
    is_page = file.extension in _OPENED_AS_PAGES
    if file.kind == "message/rfc822":
        yield Member("", file.octets, is_message=True, is_page=is_page)
    elif is_page and file.kind.startswith("text/"):
        at = file.octets[:_SEARCHED].lower().find(b"mime-version:")
        if at >= 0:
            yield Member("", file.octets[at:], is_message=True, is_page=True)


def _kind(leaf: Leaf) -> str:
    """A body is what it is declared to be, because clients show it as that and never guess."""
    if leaf.is_body and leaf.declared in {"", "text", "text/plain"}:
        kind = detect(leaf.octets)
        return kind if not kind.startswith(("text/", "message/", "application/x-url", "image/svg")) else "text/plain"
    if leaf.is_body and leaf.declared == "text/html":
        return "text/html"
    return opened_as(detect(leaf.octets), extension_of(leaf.names[0]) if leaf.names else "", leaf.declared)


def _part(file: File, findings: list[Finding]) -> Part:
    return Part(
        path=file.path,
        declared_type=file.declared,
        detected_type=file.kind,
        filename=harmless(file.name, 255),
        size=len(file.octets),
        sha256=hashlib.sha256(file.octets).hexdigest(),
        md5=hashlib.md5(file.octets, usedforsecurity=False).hexdigest(),
        findings=tuple(_thinned(findings)),
    )


def _thinned(findings: list[Finding]) -> list[Finding]:
    """The same said once; of one kind no more than people would read."""
    counts: Counter[str] = Counter()
    kept = []
    for finding in dict.fromkeys(findings):
        counts[finding.id] += 1
        if counts[finding.id] <= _MOST_OF_ONE:
            kept.append(finding)
    return kept

"""Reads Authentication-Results fields (RFC 8601), and takes out those that only we may write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wardmail.protocol.domain import InvalidDomain, parse_domain

FIELD = b"authentication-results"
LARGEST = 16 * 1024
MOST_FIELDS = 50
MOST_RESULTS = 100
MOST_WORDS = 20
EXCHANGE_ONLINE = "protection.outlook.com"
"""The hop whose fields bear no name at all; it renames whatever else came in as Authentication-Results."""

Fields = Sequence[tuple[bytes, bytes]]

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[^"()\\]+|\\.|[()"\\]', re.DOTALL)
_PAIR = re.compile(r'(?<![A-Za-z0-9_.-])([A-Za-z0-9_.-]+)(?:\s*/\s*\d+)?\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)')
_NO_NAME = re.compile(r'[^\w."\\-]+')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_OUTSIDE_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|;', re.DOTALL)


@dataclass(frozen=True, slots=True)
class MethodResult:
    """`properties` as in `header.d`; the first value of each counts."""

    method: str
    result: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadResults:
    """`server` is the authserv-id in lower case and A-labels, empty where the field has none."""

    server: str
    results: tuple[MethodResult, ...]


def read_results(value: bytes) -> ReadResults | None:
    """An unfolded field value, comments dropped; None for what cannot be read."""
    if len(value) > LARGEST:
        return None
    text = _without_comments(value.decode("utf-8", "replace"))
    if text is None:
        return None
    sections = list(_sections(text))
    words = sections[0].split()
    if not words or len(sections) > MOST_RESULTS:
        return None
    if "=" in words[0]:
        # Exchange Online leaves the name out, which RFC 8601 does not allow.
        return ReadResults("", tuple(filter(None, map(_result, sections))))
    return ReadResults(_server(words[0]), tuple(filter(None, map(_result, sections[1:]))))


def without_ours(fields: Fields, server: str) -> tuple[tuple[bytes, bytes], ...]:
    """The fields without any Authentication-Results that carries our name, or that might to some reader: only what we
    write ourselves may (RFC 8601 section 5)."""
    ours = _server(server)
    kept: list[tuple[bytes, bytes]] = []
    seen = 0
    for name, raw in fields:
        seen += name == FIELD
        if name != FIELD or (seen <= MOST_FIELDS and not _may_be(ours, raw)):
            kept.append((name, raw))
    return tuple(kept)


def of_hop(fields: Fields, server: str) -> ReadResults | None:
    """What a hop that we trust has found out: the topmost field with its name and those of its directly below.

    The hop must do what RFC 8601 section 5 asks: take out whatever came in under its name.
    """
    theirs = _server(server)
    known_as = {theirs, ""} if theirs == EXCHANGE_ONLINE else {theirs}
    found: list[MethodResult] = []
    seen = 0
    for name, raw in fields:
        seen += name == FIELD
        if seen > MOST_FIELDS:
            break
        read = read_results(_unfolded(raw)) if name == FIELD else None
        if read is not None and read.server in known_as:
            found += read.results
        elif found:
            break
    return ReadResults(theirs, tuple(found)) if found else None


def _may_be(ours: str, raw: bytes) -> bool:
    value = _unfolded(raw)
    text = _without_comments(value.decode("utf-8", "replace")) if len(value) <= LARGEST else None
    if text is None:
        return True
    words = _NO_NAME.split(next(_sections(text)))
    return len(words) > MOST_WORDS or any(_server(word) == ours for word in (*words, "".join(words)))


def _unfolded(raw: bytes) -> bytes:
    return raw.partition(b":")[2].replace(b"\r\n", b"")


def _without_comments(text: str) -> str | None:
    """None where a comment or a quoted string is not closed."""
    kept: list[str] = []
    depth = 0
    for found in _PIECE.finditer(text):
        piece = found[0]
        if piece == '"' and not depth:
            return None
        if piece in "()":
            depth += 1 if piece == "(" else -1
            kept.append(" ")
        elif not depth:
            kept.append(piece)
        if depth < 0:
            return None
    return None if depth else "".join(kept)


def _sections(text: str) -> Iterator[str]:
    begin = 0
    for found in _OUTSIDE_QUOTES.finditer(text):
        if found[0] == ";":
            yield text[begin : found.start()]
            begin = found.end()
    yield text[begin:]


def _result(section: str) -> MethodResult | None:
    pairs = [(found[1].lower(), _unquoted(found[2])) for found in _PAIR.finditer(section)]
    if not pairs or "." in pairs[0][0]:
        return None
    properties: dict[str, str] = {}
    for name, value in pairs[1:]:
        properties.setdefault(name, value)
    return MethodResult(pairs[0][0], pairs[0][1].lower(), properties)


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text


def _server(text: str) -> str:
    name = _ESCAPED.sub(r"\1", text.replace('"', "")).strip().rstrip(".").lower()
    domain = parse_domain(name, allow_single_label=True)
    return name if isinstance(domain, InvalidDomain) else domain

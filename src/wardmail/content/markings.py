"""Finds government security markings where people put them: in the subject, and at the top or foot of the text (SEC-2).

Capitals or brackets make a marking; ordinary prose ("keep it secret", "Secret Santa") does not. A false
OFFICIAL-SENSITIVE only protects more than was needed, so its forms are wide; a false SECRET refuses a message, so its
forms are narrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from wardmail.model.classification import Sensitivity

_JOIN = r"[ \t\u00a0_\u2010-\u2015-]{1,3}"
_SENSITIVE = rf"OFFICIAL{_JOIN}SENSITIVE"
_SECRET = rf"(?:TOP{_JOIN})?SECRET"
_QUALIFIER = r"(?: +(?:UK|US|FIVE|EYES|ONLY|ATOMIC|STRAP ?[123]|HMG|USE|RECIPIENTS|PERSONAL|COMMERCIAL|LOCSEN))*"
_BREAK = r"[-:|/\u2013\u2014]"
_BEFORE = r"(?<![A-Za-z0-9_'\u2019-])(?:UK +)?"
_AFTER = r"(?![A-Za-z0-9_'\u2019]|-[A-Za-z])"

_CAPITALS_SENSITIVE = re.compile(rf"{_BEFORE}{_SENSITIVE}(?![A-Za-z0-9])")
_CAPITALS_SECRET = re.compile(rf"{_BEFORE}(?P<secret>{_SECRET}){_AFTER}")
_BRACKETED = re.compile(
    rf"\[\s*(?:UK +)?(?:(?P<sensitive>{_SENSITIVE})\b[^\]]{{0,80}}|(?P<secret>{_SECRET})(?:\s*[:/][^\]]{{0,80}})?)\s*\]"
    rf"|[(<{{*]\s*(?:UK +)?{_SENSITIVE}\b[^)>}}*]{{0,80}}[)>}}*]",
    re.IGNORECASE,
)
# Where every word is in capitals, capitals say nothing: the marking must stand alone at the beginning or the end.
_SECRET_AT_AN_END = re.compile(
    rf"(?:^(?:\s*(?:RE|FW|FWD):)*\s*|\s{_BREAK}\s*)(?:UK +)?(?P<secret>{_SECRET}){_QUALIFIER}\s*(?:{_BREAK}|$)"
)
_HAS_SMALL_LETTER = re.compile(r"[a-z]")
_REPLY_PREFIX = re.compile(r"^(?:\s*(?:re|fw|fwd)\s*:)+", re.IGNORECASE)

_LINES_LOOKED_AT = 5
_LONGEST_LINE = 300
_LARGEST_EDGE = 8 * 1024
_LABEL = r"(?:(?i:classification|protective marking|security marking|marking|sensitivity)\s*[:=-]\s*)"
_LINE_CAPITALS = re.compile(
    rf"\W{{0,12}}{_LABEL}?(?:UK +)?(?:{_SENSITIVE}(?![A-Za-z0-9])"
    rf"|(?P<secret>{_SECRET}){_QUALIFIER}\W{{0,12}}$|(?P<prefix>{_SECRET}){_QUALIFIER}\s*[:/|\]])"
)
_LINE_ANY_CASE = re.compile(
    rf"\W{{0,12}}(?:{_LABEL}(?:UK +)?(?:{_SENSITIVE}\b|(?P<secret>{_SECRET})\W{{0,12}}$)"
    rf"|(?:UK +)?{_SENSITIVE}\W{{0,12}}$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class UnknownMarking:
    """A Wardmail-Classification that means nothing to us: the caller refuses rather than guesses."""

    reason: str


def parse_classification(value: bytes) -> Sensitivity | UnknownMarking:
    """The value of a Wardmail-Classification field: case and blanks do not matter, everything else does."""
    text = value.decode("ascii", "replace").replace(" ", "").lower()
    known = _CLASSIFICATIONS.get(text)
    if known is not None:
        return known
    return UnknownMarking(
        "Wardmail-Classification is not one of " + ", ".join(_CLASSIFICATIONS) + ": correct it and send again."
    )


_CLASSIFICATIONS = {
    "official": Sensitivity.OFFICIAL,
    "official-sensitive": Sensitivity.OFFICIAL_SENSITIVE,
    "official-sensitive:personal": Sensitivity.OFFICIAL_SENSITIVE,
    "official-sensitive:commercial": Sensitivity.OFFICIAL_SENSITIVE,
    "secret": Sensitivity.SECRET,
    "top-secret": Sensitivity.TOP_SECRET,
}


def mark_in_subject(subject: str) -> Sensitivity | None:
    """The highest marking in a decoded subject: capitals or brackets, anywhere."""
    subject = subject[: 4 * _LONGEST_LINE]
    levels = [_level(match) for match in _BRACKETED.finditer(subject)]
    if _CAPITALS_SENSITIVE.search(subject):
        levels.append(Sensitivity.OFFICIAL_SENSITIVE)
    pattern = _CAPITALS_SECRET if _HAS_SMALL_LETTER.search(_REPLY_PREFIX.sub("", subject)) else _SECRET_AT_AN_END
    levels += [_level(match) for match in pattern.finditer(subject)]
    return max(levels, default=None)


def may_hold_marking(text: str) -> bool:
    """A quick No for text in which no marking's word stands."""
    capitals = text.upper()
    return "SECRET" in capitals or "SENSITIVE" in capitals


def mark_in_body(text: str) -> Sensitivity | None:
    """The highest marking in the first and last five lines that hold anything, as a line or at the head of one."""
    matches = (
        _BRACKETED.match(line) or _LINE_CAPITALS.match(line) or _LINE_ANY_CASE.match(line)
        for line in _outer_lines(text)
    )
    return max((_level(match) for match in matches if match is not None), default=None)


def _outer_lines(text: str) -> Iterator[str]:
    """Head and foot may overlap in a short text: a line that is seen twice is marked the same twice."""
    for edge, step in ((text[:_LARGEST_EDGE], 1), (text[-_LARGEST_EDGE:], -1)):
        if may_hold_marking(edge):
            lines = edge.splitlines()[::step]
            filled = (stripped for line in lines if (stripped := line[:_LONGEST_LINE].strip(" \t>\u00a0")))
            yield from islice(filled, _LINES_LOOKED_AT)


def _level(match: re.Match[str]) -> Sensitivity:
    groups = match.groupdict()
    secret = groups.get("secret") or groups.get("prefix")
    if not secret:
        return Sensitivity.OFFICIAL_SENSITIVE
    return Sensitivity.TOP_SECRET if secret[0] in "Tt" else Sensitivity.SECRET

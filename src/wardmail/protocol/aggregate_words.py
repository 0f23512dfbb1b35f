"""What parsers of others' reports have in common: the budgets, and texts, numbers and domains that may be anything."""

from __future__ import annotations

from wardmail.protocol.domain import InvalidDomain, parse_domain

MOST_ROWS = 1000
"""Kept of one report; the rest is added up."""

_LARGEST = 10**9


class BadReport(Exception):
    """Why it is no report that can be used; a sentence without anything of its text."""


def plain(text: str, most: int = 200) -> str:
    """On one line, without what cannot be seen."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())[:most]


def count(text: str) -> int:
    """Raises BadReport for what is no number; more than a day of mail can come to is cut."""
    return min(number(text, "count"), _LARGEST)


def number(text: str, what: str) -> int:
    """Raises BadReport for what is no number."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise BadReport(f"its {what} is no number")
    return int(text)


def domain(text: str) -> str:
    """Lower-case A-labels; empty for what is no domain."""
    found = parse_domain(text.strip().rstrip("."))
    return "" if isinstance(found, InvalidDomain) else found

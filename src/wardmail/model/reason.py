"""Why a person does something, as it goes into the audit: pages, the API and commands take it by this."""

from __future__ import annotations

SHORTEST_REASON, LONGEST_REASON = 5, 500
"""In characters."""


def plain_line(typed: str) -> str:
    """On one line, without what would steer the terminal of who reads it there."""
    return " ".join("".join(each if each.isprintable() else " " for each in typed).split())


def fault_of(reason: str) -> str:
    """What is wrong with a plain line as a reason, in words that end a sentence; empty when nothing is."""
    if len(reason) < SHORTEST_REASON:
        return "is missing, or says nothing"
    return f"is longer than {LONGEST_REASON} characters" if len(reason) > LONGEST_REASON else ""

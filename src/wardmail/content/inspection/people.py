"""Findings that come of the message as a whole: its header, its links, its words."""

from __future__ import annotations

from wardmail.content.inspection.context import Context
from wardmail.content.inspection.file import Link
from wardmail.model.inspection import Finding


def look_at_people(message: bytes, links: dict[Link, str], texts: list[str], context: Context) -> list[Finding]:
    return []

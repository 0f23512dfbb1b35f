"""Inspects a message: every part, what is in it, what it links to, and whom it pretends to be from."""

from __future__ import annotations

from wardmail.content.inspection.context import Context
from wardmail.content.inspection.inspector import Inspector
from wardmail.content.mime.reader import read_message
from wardmail.model.inspection import Inspection


def inspect(message: bytes, context: Context | None = None) -> Inspection:
    """Never raises for what a message holds; what cannot be read is a finding of Severity.UNREADABLE."""
    context = context or Context()
    leaves, spending = read_message(message, context.limits)
    inspector = Inspector(context, spending)
    for leaf in leaves:
        inspector.take(leaf)
    return inspector.finished(message)

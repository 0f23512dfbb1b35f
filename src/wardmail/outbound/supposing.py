"""What would become of a message that nobody has sent: asked before somebody sends it, or changes a rule."""

from __future__ import annotations

from collections.abc import Iterable

from wardmail.model.integration import Integration


def may_send_as(integrations: Iterable[Integration], sender: str) -> list[str]:
    """The integrations that may send as this address."""
    domain = "@" + sender.rpartition("@")[2].lower()
    return [each.id for each in integrations if sender.lower() in each.senders or domain in each.senders]

"""What a submitter gets back."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.address import Address
from wardmail.model.decision import Decision


@dataclass(frozen=True, slots=True)
class Accepted:
    """Stored and committed. `decisions` has one entry per recipient, in the order they were given."""

    message_id: str
    decisions: tuple[tuple[Address, Decision], ...]

"""An address that mail must not go to, because it failed for good there or was complained about (SEND-3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SuppressionReason(StrEnum):
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    BY_HAND = "by-hand"
    IMPORTED = "imported"


EXPIRES_AFTER = {SuppressionReason.BOUNCED: 90 * 86_400.0}
"""Seconds. A mailbox may come back, and an address be given anew; who complained or asked stays until a person says so."""

EVERYBODY = ""
"""The integration of an entry that counts for all of them."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """`address` in small letters. `integration_id` is empty for all of them. `number` rises with every change."""

    address: str
    integration_id: str
    reason: SuppressionReason
    note: str
    added_by: str
    added_at: float
    expires_at: float | None = None
    removed_at: float | None = None
    number: int = 0

    def counts_at(self, now: float) -> bool:
        return self.removed_at is None and (self.expires_at is None or self.expires_at > now)


def bounced(address: str, note: str, now: float) -> Suppression:
    """A dead address is dead for every integration."""
    until = now + EXPIRES_AFTER[SuppressionReason.BOUNCED]
    return Suppression(address.lower(), EVERYBODY, SuppressionReason.BOUNCED, note, "wardmail", now, until)


def complained(address: str, integration_id: str, note: str, now: float) -> Suppression:
    """Who complains about one application's mail may still want another's."""
    return Suppression(address.lower(), integration_id, SuppressionReason.COMPLAINED, note, "wardmail", now)

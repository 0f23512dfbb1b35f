"""Mail that came in and waits for a person: what people are told of it, so that nothing sits unseen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.stored import AcceptedMessage, Event
from wardmail.model.webhook import WebhookMessage


class WaitingKind(StrEnum):
    """The values of the first three are those of `ArrivalState`."""

    QUARANTINED = "quarantined"
    DEAD_LETTER = "dead-letter"
    REJECTED = "rejected"
    NOT_COLLECTED = "not-collected"


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """`id` is an arrival's, or a mailbox's name for a message of `source`; `integration` empty: the source's.

    `told_at` None: nobody has been told of it yet.
    """

    kind: WaitingKind
    id: str
    integration: str
    source: str
    told_at: float | None

    @property
    def key(self) -> str:
        """Told once in each state: what is released and cannot be handed over is news again."""
        return f"{self.kind.value} {self.source if self.kind is WaitingKind.NOT_COLLECTED else ''}{self.id}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that waits, and when each integration's people were last told of anything."""

    items: tuple[WaitingItem, ...]
    last_told: dict[str, float]


@dataclass(frozen=True, slots=True)
class WaitingTold:
    """What one integration's people are told, and of what. `before`: when they were told last, None for never."""

    integration: str
    items: tuple[WaitingItem, ...]
    before: float | None
    notices: tuple[AcceptedMessage, ...]
    webhook: tuple[WebhookMessage, ...]
    event: Event

"""How much one integration may send before it is mass mail, or is paused for the relay's sake (SEND-3, SEND-4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class BulkTerms:
    """When mail counts as mass mail: alike to more than `recipients` people in a window, or one message to `fan_out`.

    `recipients` is None for an integration whose mail is never compared; what declares itself counts all the same.
    """

    recipients: int | None = 250
    window_minutes: int = 60
    fan_out: int = 50

    @property
    def window(self) -> int:
        """Seconds."""
        return self.window_minutes * 60


@dataclass(frozen=True, slots=True)
class BreakerTerms:
    """When an integration is paused: a share of its copies in an hour (complaints: a day), of at least so many.

    `cooling_minutes` is the first pause; each one that follows a failed trial is twice as long, up to a day.
    """

    bounce_percent: float | None = 10.0
    refusal_percent: float | None = 25.0
    complaint_percent: float | None = 0.3
    at_least: int = 20
    complaints_at_least: int = 3
    cooling_minutes: int = 15
    trial_messages: int = 10


class Verdict(StrEnum):
    """What the world said to one copy, as circuit breakers count it."""

    SENT = "sent"
    BOUNCED = "bounced"
    REFUSED = "refused"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class Tally:
    """Copies of one integration, by what was said to them. `sent_in_a_day` is what complaints are a share of."""

    sent: int = 0
    bounced: int = 0
    refused: int = 0
    complained: int = 0
    sent_in_a_day: int = 0

    @property
    def all(self) -> int:
        return self.sent + self.bounced + self.refused


class Phase(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Breaker:
    """One integration's circuit breaker. Open: nothing of it is sent until `until`; then a few copies are, for trial.

    `number` rises with every change, so that each phase is counted for itself. Times in seconds since the epoch.
    """

    integration_id: str
    number: int
    opened_at: float
    until: float
    cooling: float
    reason: str
    closed_at: float | None = None

    def phase(self, now: float) -> Phase:
        if self.closed_at is not None:
            return Phase.CLOSED
        return Phase.OPEN if now < self.until else Phase.TRIAL


@dataclass(frozen=True, slots=True)
class Traffic:
    """`bulk_route` is where mass mail goes, empty when the integration may send none. The rest is for each sender."""

    bulk_route: str = ""
    bulk: BulkTerms = field(default_factory=BulkTerms)
    breaker: BreakerTerms = field(default_factory=BreakerTerms)
    sender_messages_per_minute: int | None = None
    sender_recipients_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is counted to find out whether a message is one of many alike.

    `keys` are sketches of the content, each shared by most of what is alike; `recipients` are hashes of the addresses.
    `certain` is False when the content could not be read, so that being alike proves nothing.
    """

    integration_id: str
    keys: tuple[int, ...]
    recipients: tuple[int, ...]
    most: int
    window: int
    certain: bool = True

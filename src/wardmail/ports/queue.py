"""Where messages on their way out are safe, and what people have to decide about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.consignment import Consignment
from wardmail.model.hold import HeldCopy, Hold
from wardmail.model.message import Body
from wardmail.model.stored import (
    AcceptedMessage,
    Alike,
    Charge,
    Event,
    Full,
    LateRecipient,
    RecipientUpdate,
    Released,
    StoredMessage,
    StoredRecipient,
)
from wardmail.model.webhook import WebhookMessage


class Queue(Protocol):
    """Where messages are safe. Every method that writes returns after the commit or raises Unavailable."""

    async def put(self, message: AcceptedMessage, reports: Sequence[AcceptedMessage] = ()) -> Full | Alike | None:
        """None when stored; else nothing was: a ceiling is reached, or the message is one of too many alike."""
        ...

    async def note(self, event: Event) -> None:
        """One line in the audit about something that stored no message."""
        ...

    async def put_once(
        self,
        key: str,
        event: Event,
        messages: Sequence[AcceptedMessage] = (),
        webhook: Sequence[WebhookMessage] = (),
    ) -> bool:
        """Tell something once for ever: False (and nothing stored) when any process has used this key before.

        `webhook` is for the one of the gateway's own people (`notices.webhook`).
        """
        ...

    async def reopen(self, message_id: str, released: Sequence[Released], event: Event) -> bool:
        """Let held recipients go; False (and nothing changed) when one of them is not held any more."""
        ...

    async def record(self, updates: Sequence[RecipientUpdate], reports: Sequence[AcceptedMessage] = ()) -> None:
        """Write what attempts came to, and the reports about them, in one transaction."""
        ...

    async def lease(self, route: str, limit: int, now: float, until: float) -> Sequence[Consignment]:
        """Take up to `limit` recipients that are due on this route, for this process alone until `until`."""
        ...

    async def renew(self, consignments: Sequence[Consignment], until: float) -> None:
        """Keep what this process still has on its desk for longer; what is not leased to it is left as it is."""
        ...

    async def release(self, consignments: Sequence[Consignment], due_at: float) -> None:
        """Give a lease back unused."""
        ...

    async def take(self, charges: Sequence[Charge], now: float) -> float | None:
        """Use up some of a ceiling. None when there was room, else nothing was taken and this is when to ask again."""
        ...

    async def late(self, now: float, limit: int) -> Sequence[LateRecipient]:
        """Waiting recipients that are past their expiry, or whose sender is owed a delay notice."""
        ...

    async def notice_given(self, late: Sequence[LateRecipient]) -> None:
        """These senders were told of the delay, or nobody is to be told."""
        ...

    async def unreferenced(self, names: Sequence[str]) -> Sequence[str]:
        """Which of these spooled bodies no stored message refers to."""
        ...

    def take_back_leases(self) -> int:
        """Blocking, at start: what an earlier process of our name had on its desk is due now; how many that was."""
        ...

    async def load(self, message_id: str) -> tuple[StoredMessage, Sequence[StoredRecipient]] | None: ...

    async def read_content(self, message_id: str, variant: int) -> tuple[bytes, Body]:
        """The header block of one variant, and the body."""
        ...


class Holds(Protocol):
    """The tasks that held copies are. Every method that writes does so in one transaction, or raises Unavailable."""

    async def without_task(self, limit: int) -> Sequence[HeldCopy]: ...

    async def open(self, holds: Sequence[Hold]) -> None:
        """What has a task already keeps it."""
        ...

    async def due(self, now: float, limit: int) -> Sequence[Hold]:
        """Open tasks whose next alert or whose deadline has come."""
        ...

    async def alerted(
        self, holds: Sequence[Hold], notices: Sequence[AcceptedMessage], webhook: Sequence[WebhookMessage]
    ) -> None:
        """Keep `holds` as they are given (with their next level and time), and hand the alerts over, all or nothing."""
        ...

    async def end(self, hold: Hold, reports: Sequence[AcceptedMessage], event: Event) -> bool:
        """Give a held copy up by the clock; False when somebody decided a moment before."""
        ...

    async def close_settled(self, now: float) -> int:
        """Close the tasks of copies that are held no more; how many."""
        ...

"""What receiving asks of the outside world: mailboxes that mail is collected from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.mailbox import Gone, Listing, MailboxItem, TooLarge


class Mailbox(Protocol):
    """One mailbox at an upstream service. Every method raises Unavailable when the service does not answer in time or lies."""

    async def look(self, cursor: str = "") -> Listing:
        """What is there. `cursor` of an earlier listing: the service may then tell only what is new."""
        ...

    async def fetch(self, item: MailboxItem) -> bytes | TooLarge | Gone:
        """The message, byte for byte as the service keeps it; the upstream copy stays as it is."""
        ...

    async def settle(self, keys: Sequence[str]) -> Sequence[str]:
        """Move or delete copies whose receipt has come; gives those that are there no more."""
        ...

    async def watch(self, seconds: float) -> None:
        """Returns when something may have come, or the time is over."""
        ...

    async def close(self) -> None: ...

"""A mailbox in memory, which may die at a step, refuse to give one message, and knows how large a message may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wardmail.model.mailbox import Gone, Listing, MailboxItem, TooLarge
from wardmail.model.refusal import Unavailable


@dataclass
class ListedMailbox:
    """`dies_after`: fetch, settle, or empty; `kept` is what lies there."""

    kept: dict[str, bytes]
    dies_after: str = ""
    stubborn: str = ""
    largest: int = 10**9
    fetched: list[str] = field(default_factory=list)

    async def look(self, cursor: str = "") -> Listing:
        return Listing(tuple(MailboxItem(key) for key in self.kept))

    async def fetch(self, item: MailboxItem) -> bytes | TooLarge | Gone:
        self.fetched.append(item.key)
        if item.key == self.stubborn:
            raise Unavailable("the mailbox", "it will not")
        if item.key not in self.kept:
            return Gone(item.key)
        if self.dies_after == "fetch" or (self.dies_after == "store" and len(self.fetched) == 2):
            raise Unavailable("the mailbox", "it died")
        found = self.kept[item.key]
        return TooLarge(item.key, self.largest) if len(found) > self.largest else found

    async def settle(self, keys: Sequence[str]) -> Sequence[str]:
        if self.dies_after == "receipt":
            raise Unavailable("the mailbox", "it died")
        for key in keys:
            self.kept.pop(key, None)
        if self.dies_after == "settle":
            raise Unavailable("the mailbox", "it died before it said so")
        return list(keys)

    async def watch(self, seconds: float) -> None:
        return None

    async def close(self) -> None:
        return None

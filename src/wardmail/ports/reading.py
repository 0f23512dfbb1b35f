"""What pages and programs ask of what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.reading import Page, Record, Wanted


class MessageRecords(Protocol):
    """One record for each recipient. Blocking: call from a thread."""

    def of_message(self, integration: str, message_id: str) -> Sequence[Record]:
        """Empty when the message is not this integration's, as if it were not there."""
        ...

    def search(self, wanted: Wanted) -> Page:
        """Newest first. Raises ValueError for an `after` that no page gave."""
        ...

    def history(self, integration: str, message_id: str) -> Sequence[Record]: ...


class ArrivalRecords(Protocol):
    """One record for each message that came in. Blocking: call from a thread."""

    def one(self, integration: str, arrival_id: str) -> Record | None:
        """With what was proved and found. None when it is not this integration's, as if it were not there."""
        ...

    def search(self, wanted: Wanted) -> Page:
        """Newest first. Raises ValueError for an `after` that no page gave."""
        ...

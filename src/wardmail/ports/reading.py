"""What pages and programs ask of what is stored, and what is kept for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from wardmail.model.arrival_story import ArrivalStory
from wardmail.model.hold import Hold
from wardmail.model.notification import Told
from wardmail.model.reading import Page, Record, Wanted
from wardmail.model.repetition import Repetition
from wardmail.model.stored import Event


class MessageRecords(Protocol):
    """One record for each recipient. Blocking: call from a thread."""

    def of_message(self, integration: str, message_id: str, sent_by: str = "") -> Sequence[Record]:
        """Empty when the message is not this integration's, or came with another credential than `sent_by`.

        `integration` empty: anybody's, for people.
        """
        ...

    def search(self, wanted: Wanted) -> Page:
        """Newest first. Raises NoSuchPage for an `after` that no page gave."""
        ...

    def history(self, integration: str, message_id: str, sent_by: str = "") -> Sequence[Record]: ...


class HeldRecords(Protocol):
    """Held copies with their tasks, as `wardmail hold` shows them. Blocking."""

    def waiting(self, limit: int) -> Sequence[Record]:
        """Time-critical ones first, then by deadline."""
        ...

    def of_message(self, message_id: str) -> Sequence[Record]: ...

    def matching(self, wanted: Wanted) -> Page:
        """Time-critical ones first, then the oldest; of one integration and to one domain, where they are named.

        Raises NoSuchPage for an `after` that no page gave.
        """
        ...

    def cancel(self, message_id: str, only: Sequence[int], actor: str, reason: str) -> int:
        """Do not send these copies; how many were still held."""
        ...


class HoldBook(Protocol):
    """The open tasks of held copies. Blocking."""

    def of_message(self, message_id: str) -> Sequence[Hold]: ...

    def change(self, holds: Sequence[Hold], event: Event) -> None:
        """Another owner, deadline or proposal, with the event that says so, in one transaction."""
        ...


class ArrivalRecords(Protocol):
    """One record for each message that came in. Blocking: call from a thread."""

    def one(self, integration: str, arrival_id: str) -> Record | None:
        """With what was proved and found. None when it is not this integration's, as if it were not there."""
        ...

    def search(self, wanted: Wanted) -> Page:
        """Newest first. Raises NoSuchPage for an `after` that no page gave."""
        ...


class GivenReplies(Protocol):
    """Requests that carry a key, and what was answered to them. Blocking. Raises Unavailable."""

    def begin(self, integration: str, key: str, fingerprint: str, message_id: str) -> Repetition:
        """`message_id` is what a message would be stored by, if it is the first time."""
        ...

    def keep(self, integration: str, key: str, reply: str) -> None: ...

    def forget(self, integration: str, key: str) -> None:
        """Nothing was taken: the key is free for another request."""
        ...

    def leave(self, integration: str, key: str) -> None:
        """It ended, and nobody knows how: the next try goes on by the same message ID, at once."""
        ...


class Notices(Protocol):
    """What happened to one integration's mail, in the order of the audit. Blocking."""

    def since(self, integration: str, after: int, limit: int) -> Told:
        """Up to `limit` after that place. There may be more after `seen_to`, also when nothing was found."""
        ...

    def last(self) -> int:
        """Where the audit ends now."""
        ...


class WebhookRecords(Protocol):
    """One integration's webhooks; another's are as if they were not there. Blocking."""

    def of_integration(self, integration: str) -> Sequence[Record]: ...

    def deliveries(
        self, integration: str, endpoint_id: str, *, failed: bool, limit: int, before: int | None = None
    ) -> Page | None:
        """The newest first; `following` is a number for `before`. None when there is no such endpoint."""
        ...

    def replay(self, integration: str, endpoint_id: str, seq: int, actor: str) -> bool:
        """Whether there is such a delivery."""
        ...


class WebhookBook(Protocol):
    """All webhooks, for those who run the gateway. Raises Unavailable."""

    def all(self) -> Sequence[Record]: ...

    def one(self, endpoint_id: str) -> Record | None: ...

    def tellings(self, endpoint_id: str, *, failed: bool, limit: int) -> Page:
        """What it was told, the newest first; `failed`: what was given up alone."""
        ...

    def replay_failed(self, endpoint_id: str, most: int, actor: str, reason: str) -> int:
        """Tell again what was given up; how many that were."""
        ...

    def stop(self, endpoint_id: str, stopped: str, actor: str, reason: str) -> bool:
        """`stopped` empty: it is in use again. False when there is no such webhook."""
        ...


class KeptBack(Protocol):
    """Mail in quarantine. Raises Unavailable."""

    def waiting(self, limit: int) -> Sequence[Record]:
        """The newest first, each with `why` it is kept back and `ends_at`."""
        ...

    async def one(self, arrival_id: str, *, sentences: bool) -> Record | None:
        """With `proofs`, `scans` and `history` in words; with `reasons` when `sentences`, for they name files and hosts."""
        ...


class ArrivalStories(Protocol):
    """All that is kept of one message that came in. Raises Unavailable."""

    async def one(self, arrival_id: str) -> ArrivalStory | None: ...


class SourceRecords(Protocol):
    """The ways in which mail comes in. Raises Unavailable."""

    def all(self) -> Sequence[Record]: ...

    def one(self, name: str) -> Record | None:
        """With `details` as pairs for people, and the `problems` of messages that could not be taken."""
        ...

    def pause(self, name: str, paused: bool, actor: str, reason: str) -> bool:
        """False when there is no such source any more."""
        ...


class Theatre(Protocol):
    """What the sandbox plays at its receivers. `acts` by name, `simulators` by address, each in words for people."""

    @property
    def acts(self) -> Mapping[str, str]: ...

    @property
    def simulators(self) -> Mapping[str, str]: ...

    def current(self) -> str: ...

    def choose(self, name: str, actor: str) -> None:
        """Raises ValueError for what is not among the acts, Unavailable."""
        ...

"""A request that may come again: what is known of it the second time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FirstTime:
    """Nobody answered it yet. `message_id` is the ID that it goes by, the same if an earlier try ended half-way."""

    message_id: str
    is_retry: bool = False


@dataclass(frozen=True, slots=True)
class GivenBefore:
    """`reply` is JSON, as it was given."""

    reply: str


@dataclass(frozen=True, slots=True)
class BeingAnswered:
    """Another try is in hand at this moment."""


@dataclass(frozen=True, slots=True)
class AnotherRequest:
    """The key belongs to a request with other content."""


Repetition = FirstTime | GivenBefore | BeingAnswered | AnotherRequest

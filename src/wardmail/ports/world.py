"""What is asked of the world at large: the time, and questions to the DNS and to web servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from wardmail.model.question import Answer, Question


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...


class Resolver(Protocol):
    async def answer(self, question: Question) -> Answer:
        """Never raises: what cannot be answered is `Unknown`."""
        ...


class Spans(Protocol):
    """What took how long, for people who watch many services at once. Never raises, never waits."""

    def record(
        self,
        message_id: str,
        name: str,
        began: float,
        ended: float,
        attributes: Mapping[str, str | int | bool],
        *,
        failed: bool,
    ) -> None:
        """`began` and `ended` in seconds since the epoch. No attribute holds an address or words of another server."""
        ...

    def close(self) -> None: ...

"""What is asked of the world at large: the time, and questions to the DNS and to web servers."""

from __future__ import annotations

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

"""Answers one message's questions within one budget of time: what comes too late is unknown."""

from __future__ import annotations

import asyncio

from wardmail.model.question import Answer, Answering, Question, Unknown


class InTime:
    """Implements `ports.Resolver` for `seconds` from now; create it within a running event loop."""

    def __init__(self, resolver: Answering, seconds: float) -> None:
        self._resolver = resolver
        self._ends = asyncio.get_running_loop().time() + seconds

    async def answer(self, question: Question) -> Answer:
        left = self._ends - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(self._resolver.answer(question), max(left, 0))
        except TimeoutError:
            return Unknown("there was no time left to wait for it")

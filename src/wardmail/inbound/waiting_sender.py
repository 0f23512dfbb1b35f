"""A sender that waits at the end of DATA for a verdict, until its patience, or ours, is over."""

from __future__ import annotations

import asyncio

from wardmail.model.verdict import Action


class WaitingSender:
    """The message may be refused for as long as nobody has said 250: `catch` makes sure of that."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[Action | None] = asyncio.get_running_loop().create_future()
        self._is_caught = self._is_gone = False

    def catch(self) -> bool:
        """Whether it still waits; if so it goes on waiting until it is told."""
        self._is_caught = not self._is_gone
        return self._is_caught

    def tell(self, action: Action | None) -> None:
        """None: nothing is known yet."""
        if not self._answer.done():
            self._answer.set_result(action)

    async def hear(self, seconds: float) -> Action | None:
        try:
            return await asyncio.wait_for(asyncio.shield(self._answer), seconds)
        except TimeoutError:
            if self._is_caught:
                return await self._answer
            self._is_gone = True
            return None

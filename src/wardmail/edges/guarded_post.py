"""Posts to an address that somebody else chose; nothing of an answer is read but its status."""

from __future__ import annotations

from collections.abc import Mapping

from wardmail.edges.guarded_https import GuardedHttps, Target


class GuardedPost:
    def __init__(self) -> None:
        self._https = GuardedHttps()

    async def post(self, target: Target, payload: bytes, headers: Mapping[str, str]) -> int | str:
        """The status, or why there was none. Never raises."""
        answer = await self._https.exchange("POST", target, headers, payload)
        return answer if isinstance(answer, str) else answer.status

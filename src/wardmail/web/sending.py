"""Gives octets out piece by piece: what they take of our memory stays counted until the last has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_PIECE = 64 * 1024
_PATIENCE, _SLOWEST = 30.0, 32 * 1024
"""Seconds, and octets a second besides: whoever takes them more slowly keeps everybody else waiting, and is cut off."""


class SentInPieces(Response):
    """`room` is left when all is sent, or nobody takes it any more. A server buffers an answer of one piece, and forgets it."""

    def __init__(self, octets: bytes, headers: Mapping[str, str], room: AsyncExitStack) -> None:
        super().__init__(octets, headers=headers, media_type="application/octet-stream")
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        octets = bytes(self.body)
        async with self._room, asyncio.timeout(_PATIENCE + len(octets) / _SLOWEST):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for start in range(0, len(octets), _PIECE):
                piece = octets[start : start + _PIECE]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

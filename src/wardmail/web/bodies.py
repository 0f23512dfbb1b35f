"""Reads what a request brings, and no more of it than may come."""

from __future__ import annotations

from starlette.requests import Request


async def body_within(request: Request, most: int) -> bytes | None:
    """None as soon as there are more octets. It waits as long as the caller lets it."""
    chunks: list[bytes] = []
    left = most
    async for chunk in request.stream():
        left -= len(chunk)
        if left < 0:
            return None
        chunks.append(chunk)
    return b"".join(chunks)

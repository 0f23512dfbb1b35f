"""Where a scanner listens: a port of some machine, or a socket of this one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Place:
    """`socket` is the path of a Unix socket; else `host` and `port`."""

    host: str = ""
    port: int = 0
    socket: str = ""


@contextlib.asynccontextmanager
async def connected(place: Place, limit: int) -> AsyncIterator[Streams]:
    """`limit`: octets that may wait to be read. Raises OSError."""
    if place.socket:
        reader, writer = await asyncio.open_unix_connection(place.socket, limit=limit)
    else:
        reader, writer = await asyncio.open_connection(place.host, place.port, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 1.0)

"""Writes a body to the spool anew, under a key of its own: a message's file and key go when that message's term ends."""

from __future__ import annotations

import asyncio

from wardmail.model.message import Body
from wardmail.ports import Spool


async def spooled_anew(spool: Spool, message_id: str, body: Body) -> Body:
    """Where nothing is stored with it, the sweeper removes the file. Raises Unavailable."""

    def write() -> Body:
        sink = spool.open_sink(message_id)
        try:
            for chunk in body.chunks():
                sink.write(chunk)
        except BaseException:
            sink.discard()
            raise
        return sink.finish()

    return await asyncio.to_thread(write)

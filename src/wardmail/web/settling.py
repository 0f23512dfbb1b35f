"""How a request that may come twice is brought to its end, so that what it asks for is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wardmail.ports import GivenReplies

_T = TypeVar("_T")


async def settled(
    replies: GivenReplies, scope: str, key: str, trial: Awaitable[_T], reply_of: Callable[[_T], str | None]
) -> _T:
    """What the trial came to. `reply_of` gives the reply that is kept; None where nothing was taken: the key is free then."""
    try:
        done = await trial
    except BaseException:
        # It may have been stored: the next try asks, by the same ID.
        await asyncio.shield(asyncio.to_thread(replies.leave, scope, key))
        raise
    reply = reply_of(done)
    if reply is None:
        await asyncio.to_thread(replies.forget, scope, key)
    else:
        await asyncio.shield(asyncio.to_thread(replies.keep, scope, key, reply))
    return done

"""Keeps signing by keys on other machines and tokens off the event loop, where everybody else's mail would wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from wardmail.outbound.world import World

T = TypeVar("T")

_APART = ThreadPoolExecutor(8, thread_name_prefix="signing")
"""Threads of their own: a store that stalls must not keep everything else that needs a thread from its work."""


async def apart_when_remote(world: World, domain: str, make: Callable[[], T]) -> T:
    """Run `make`, which signs for this domain: in a thread when one of its keys is remote, else here and now."""
    if any(key.is_remote for key in world.signer.keys_for(domain)):
        return await asyncio.get_running_loop().run_in_executor(_APART, make)
    return make()

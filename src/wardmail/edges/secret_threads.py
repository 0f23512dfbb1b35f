"""Reveals secrets off the event loop, in threads of their own: a store that stalls must not hold up anything else."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from wardmail.ports import Secrets

_APART = ThreadPoolExecutor(4, thread_name_prefix="secrets")


async def reveal_apart(secrets: Secrets, reference: str) -> bytes:
    """Raises Unavailable."""
    return await asyncio.get_running_loop().run_in_executor(_APART, secrets.reveal, reference)

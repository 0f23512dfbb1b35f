"""Runs a blocking client in a thread of its own, with a time for each step: who stalls is cut off, and harms nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from wardmail.model.refusal import Unavailable

T = TypeVar("T")

STEP = 60.0
"""Seconds that one command may take, however many bytes trickle in."""


class GuardedClient:
    """`errors` are what the client raises when the service fails it; `connection` gives its socket while it has one."""

    def __init__(
        self, name: str, errors: tuple[type[Exception], ...], connection: Callable[[], socket.socket | None]
    ) -> None:
        self._name = name
        self._errors: tuple[type[Exception], ...] = (
            *errors,
            OSError,
            EOFError,
            ValueError,
            IndexError,
            KeyError,
            AssertionError,
        )
        self._connection = connection
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="mailbox")

    async def run(self, step: Callable[[], T], seconds: float = STEP) -> T:
        """Raises Unavailable; the message names the mailbox and the kind of failure, never what the service said."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                return await loop.run_in_executor(self._threads, step)
        except TimeoutError:
            self.cut()
            raise Unavailable(self._name, "it did not answer in time") from None
        except self._errors as error:
            self.drop()
            raise Unavailable(self._name, type(error).__name__) from None

    def cut(self) -> None:
        """Ends the connection under the thread's hands, so that a read that waits for ever returns."""
        connection = self._connection()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        """Lets go of a connection that no step is using."""
        self.cut()
        connection = self._connection()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def close(self) -> None:
        self.drop()
        self._threads.shutdown(wait=False, cancel_futures=True)

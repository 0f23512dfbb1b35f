"""Group commit: whatever waits goes into one transaction, so that one fsync serves many messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from wardmail.model.refusal import Unavailable
from wardmail.store.connection import Database

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 256
"""Enough to spread an fsync thin, small enough that the last one in a batch does not wait long."""

Apply = Callable[[Connection, Sequence[Any]], Sequence[object]]
"""Writes several operations of one kind at once; gives one result for each, in order."""


@dataclass(slots=True)
class _Waiting:
    apply: Apply
    operation: Any
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Writer:
    """One thread that owns this process's writes. A future resolves after the commit, or fails with Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Waiting] = []
        self._wake = threading.Condition()
        self._closing = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, apply: Apply, operation: object) -> asyncio.Future[Any]:
        """Queue one operation; those with the same `apply` are written together."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        with self._wake:
            if self._closing:
                future.set_exception(Unavailable("the store", "it is shutting down"))
                return future
            if not self._waiting:
                self._wake.notify()
            self._waiting.append(_Waiting(apply, operation, future, loop))
        return future

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            if not batch:
                self._forget_connection()
                return
            _resolve(batch, self._write(batch))

    def _write(self, batch: Sequence[_Waiting]) -> Sequence[object]:
        try:
            return self._commit(batch)
        except Exception as error:
            self._forget_connection()
            if len(batch) == 1:
                return [self._as_unavailable(error)]
        # One of them is at fault, or the store is: find out one by one, so that a bad one spoils no other.
        log.warning("event=batch_split size=%d", len(batch))
        return [result for waiting in batch for result in self._write([waiting])]

    def _forget_connection(self) -> None:
        """After a failure the next batch starts on a fresh one: the server may have gone, and come back."""
        if self._connection is not None:
            with contextlib.suppress(*self._database.errors):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None

    def _as_unavailable(self, error: Exception) -> Unavailable:
        if isinstance(error, Unavailable):
            return error
        if not isinstance(error, self._database.errors):
            log.error("event=store_write_failed error=%s", type(error).__name__)
        return Unavailable("the store", type(error).__name__)

    def _commit(self, batch: Sequence[_Waiting]) -> Sequence[object]:
        results: list[object] = [None] * len(batch)
        groups: dict[Apply, list[int]] = {}
        for position, waiting in enumerate(batch):
            groups.setdefault(waiting.apply, []).append(position)
        if self._connection is None or self._connection.invalidated:
            self._connection = self._database.engine.connect()
        connection = self._connection
        with self._database.writing(connection):
            for apply, positions in groups.items():
                written = apply(connection, [batch[position].operation for position in positions])
                for position, result in zip(positions, written, strict=True):
                    results[position] = result
        return results


def _resolve(batch: Sequence[_Waiting], results: Sequence[object]) -> None:
    """Wake each event loop once for a whole batch, not once for a message."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], object]]] = {}
    for waiting, result in zip(batch, results, strict=True):
        loops.setdefault(waiting.loop, []).append((waiting.future, result))
    for loop, settled in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, settled)
        except RuntimeError:
            log.warning("event=writer_loop_closed results=%d", len(settled))


def _settle(settled: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
    for future, result in settled:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

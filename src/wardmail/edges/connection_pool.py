"""Keeps connections to upstreams open between messages, within the limits of each route."""

from __future__ import annotations

import asyncio
from collections import deque

from wardmail.edges.smtp_connection import SmtpConnection
from wardmail.edges.smtp_opening import SmtpOpener
from wardmail.edges.upstream import Upstream
from wardmail.edges.upstream_tls import UpstreamTls
from wardmail.model.delivery import Deferred


class _Lane:
    """The connections to one upstream: `open` counts those in use, idle, and being opened."""

    __slots__ = ("idle", "open", "waiting")

    def __init__(self) -> None:
        self.open = 0
        self.idle: list[SmtpConnection] = []
        self.waiting: deque[asyncio.Future[None]] = deque()

    async def take_turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.wake_one()
            raise

    def wake_one(self) -> None:
        while self.waiting:
            turn = self.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


class ConnectionPool:
    """`lease` a connection, use it, `give_back` in any condition."""

    def __init__(self, opener: SmtpOpener, tls: UpstreamTls, idle_timeout: float) -> None:
        self._opener = opener
        self._tls = tls
        self._idle_timeout = idle_timeout
        self._lanes: dict[Upstream, _Lane] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def lease(self, upstream: Upstream, *, fresh: bool = False) -> SmtpConnection | Deferred:
        """Waits while the route's limit of connections is used up. `fresh`: never one that was used before."""
        while True:
            # Looked up anew after every wait: an unused lane is forgotten.
            lane = self._lanes.get(upstream)
            if lane is None:
                lane = self._lanes[upstream] = _Lane()
            while lane.idle:
                connection = lane.idle.pop()
                if connection.is_usable and not fresh:
                    return connection
                self._discard(lane, connection)
            if lane.open < upstream.route.limits.connections:
                return await self._open(lane, upstream)
            await lane.take_turn()

    def give_back(self, upstream: Upstream, connection: SmtpConnection) -> None:
        lane = self._lanes[upstream]
        if connection.transactions == 1 and connection.is_usable:
            self._tls.remember(connection, upstream)
        has_messages_left = connection.transactions < upstream.route.limits.messages_per_connection
        if connection.is_usable and has_messages_left and not self._is_closed:
            loop = asyncio.get_running_loop()
            connection.idle_since = loop.time()
            lane.idle.append(connection)
            if self._sweep is None:
                self._sweep = loop.call_later(self._idle_timeout, self._close_idle)
        else:
            self._discard(lane, connection)
        lane.wake_one()
        self._forget_if_unused(upstream, lane)

    async def close(self) -> None:
        """Say QUIT on idle connections; those in use say it when their message is through."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        leaving = [connection for lane in self._lanes.values() for connection in lane.idle]
        for lane in self._lanes.values():
            lane.idle.clear()
        for connection in leaving:
            connection.quit()
        await asyncio.gather(*(connection.closed() for connection in leaving))

    async def _open(self, lane: _Lane, upstream: Upstream) -> SmtpConnection | Deferred:
        lane.open += 1
        connection: SmtpConnection | Deferred | None = None
        try:
            connection = await self._opener.open(upstream)
            return connection
        finally:
            if not isinstance(connection, SmtpConnection):
                lane.open -= 1
                lane.wake_one()
                self._forget_if_unused(upstream, lane)

    def _discard(self, lane: _Lane, connection: SmtpConnection) -> None:
        lane.open -= 1
        connection.quit()

    def _forget_if_unused(self, upstream: Upstream, lane: _Lane) -> None:
        if lane.open == 0 and not lane.waiting and self._lanes.get(upstream) is lane:
            del self._lanes[upstream]

    def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = None
        limit = loop.time() - self._idle_timeout
        for upstream, lane in list(self._lanes.items()):
            stale = [c for c in lane.idle if c.idle_since <= limit or not c.is_usable]
            for connection in stale:
                lane.idle.remove(connection)
                self._discard(lane, connection)
            self._forget_if_unused(upstream, lane)
        if any(lane.idle for lane in self._lanes.values()):
            self._sweep = loop.call_later(self._idle_timeout / 4, self._close_idle)

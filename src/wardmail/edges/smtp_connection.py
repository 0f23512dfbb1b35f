"""One connection to a server: bytes in and out, TLS, and one question or transaction at a time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from typing import cast

from wardmail.edges.tls_pipe import TlsFailure, TlsPipe
from wardmail.edges.upstream import CourierSettings
from wardmail.model.delivery import AttemptTls
from wardmail.model.refusal import Unavailable
from wardmail.protocol.content_encoder import BareNewline
from wardmail.protocol.peer_features import PeerFeatures
from wardmail.protocol.peer_reply import ProtocolFault, ReplyLines, ReplyReader
from wardmail.protocol.smtp_client import Step, Transaction

_QUIT_PATIENCE = 2.0
_NEVER = float("inf")


class ConnectionLost(Exception):
    """The text says why, in words that may be shown to people."""


class TlsRefused(ConnectionLost):
    """The handshake failed, or proved something other than what was asked."""


class SmtpConnection(asyncio.Protocol):
    """Made by `SmtpOpener.open`. Faults are remembered: `is_usable` is False then, and stays so."""

    def __init__(self, settings: CourierSettings, tls: AttemptTls) -> None:
        self.features = PeerFeatures()
        self.tls = tls
        self.transactions = 0
        self.idle_since = 0.0
        self.pipe: TlsPipe | None = None
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._greeting: ReplyLines | None = None
        self._is_greeted = False
        self._transaction: Transaction | None = None
        self._waiter: asyncio.Future[ReplyLines | None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._fault: str | None = None
        self._needs_reset = False
        self._gone = asyncio.Event()
        self._deadline = _NEVER
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_usable(self) -> bool:
        return self._fault is None

    # Questions: one command, one reply.

    async def greeting(self) -> ReplyLines:
        """What the server says first; it may have come already. Raises ConnectionLost."""
        return self._greeting or await self._next_reply()

    async def ask(self, command: bytes) -> ReplyLines:
        """Send one command line. Raises ConnectionLost."""
        self._check_usable()
        self._send(command)
        return await self._next_reply()

    async def _next_reply(self) -> ReplyLines:
        reply = await self._wait(self._settings.reply_timeout)
        if reply is None:
            raise ConnectionLost(self._fault or "the connection was closed")
        return reply

    async def start_tls(self, context: ssl.SSLContext, host: str, session: ssl.SSLSession | None) -> None:
        """Raises TlsRefused. Plaintext that came before the handshake is an injection, and ends the connection."""
        if not self._reader.is_empty:
            self._break("the server sent plaintext after it had agreed to start TLS")
        self._check_usable()
        try:
            self.pipe = TlsPipe(context, is_server=False, server_hostname=host, resume=session)
        except (TlsFailure, ValueError) as error:
            raise TlsRefused(f"the handshake cannot start: {error}") from error
        self._flush_pipe(self.pipe)
        await self._wait(self._settings.reply_timeout)
        if self._fault is not None:
            raise TlsRefused(self._fault)

    # Transactions.

    async def transact(self, transaction: Transaction) -> None:
        """Carry one transaction through; afterwards it is finished, whatever happened."""
        self.transactions += 1
        self._transaction = transaction
        try:
            await self._reset_if_needed()
            if transaction.is_finished:
                return
            first = transaction.begin()
            if first:
                self._send(first)
                await self._wait(self._settings.reply_timeout)
            if transaction.step is Step.CONTENT:
                await self._stream(transaction)
        except ConnectionLost as lost:
            transaction.lose(str(lost))
        finally:
            self._finish(transaction)

    def _finish(self, transaction: Transaction) -> None:
        self._transaction = None
        if transaction.step is Step.OVER:
            self._needs_reset = transaction.needs_reset
            return
        transaction.lose("the delivery was interrupted")
        self._break("the transaction was abandoned")

    async def _reset_if_needed(self) -> None:
        if not self._needs_reset:
            return
        self._needs_reset = False
        transaction, self._transaction = self._transaction, None
        reply = await self.ask(b"RSET\r\n")
        if not reply.is_positive:
            raise ConnectionLost("the server refused to start anew (RSET)")
        self._transaction = transaction

    async def _stream(self, transaction: Transaction) -> None:
        chunks = transaction.content()
        try:
            while (chunk := await asyncio.to_thread(_next_chunk, chunks)) is not None:
                if transaction.is_finished:
                    return
                self._postpone(self._settings.reply_timeout)
                self._send(chunk)
                await self._writable.wait()
        except (BareNewline, OSError, Unavailable) as error:
            transaction.lose(f"the stored message could not be read: {type(error).__name__}")
            return
        if not transaction.is_finished:
            await self._wait(self._settings.final_reply_timeout)

    # Ending.

    def quit(self) -> None:
        """Say goodbye and close; returns at once."""
        if self._fault is None and self._transport is not None:
            self._send(b"QUIT\r\n")
            self._fault = "the connection was closed"
            self._postpone(_QUIT_PATIENCE)

    def abort(self) -> None:
        self._break("the connection was closed")

    async def closed(self) -> None:
        """Waits until the socket is gone."""
        await self._gone.wait()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            if self.pipe is not None:
                data = self._decrypt(self.pipe, data)
            if data:
                self._hear(self._reader.feed(data))
            if self.pipe is not None and self.pipe.is_finished:
                self._break("the server closed the connection")
        except ProtocolFault as fault:
            self._break(str(fault))
        except TlsFailure as failure:
            self._break(f"TLS failed: {failure}")

    def eof_received(self) -> None:
        self._break("the server closed the connection")

    def connection_lost(self, error: Exception | None) -> None:
        self._break("the connection broke" if error else "the server closed the connection")
        self._transport = None
        self._gone.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # Inside.

    def _decrypt(self, pipe: TlsPipe, ciphertext: bytes) -> bytes:
        was_ready = pipe.is_ready
        try:
            plaintext = pipe.feed_ciphertext(ciphertext)
        finally:
            self._flush_pipe(pipe)
        if pipe.is_ready and not was_ready:
            self._wake()
        return plaintext

    def _flush_pipe(self, pipe: TlsPipe) -> None:
        ciphertext = pipe.take_ciphertext()
        if ciphertext and self._transport is not None:
            self._transport.write(ciphertext)

    def _send(self, plaintext: bytes) -> None:
        if self._transport is None:
            return
        if self.pipe is None:
            self._transport.write(plaintext)
            return
        try:
            self.pipe.write(plaintext)
            self._flush_pipe(self.pipe)
        except TlsFailure as failure:
            self._break(f"TLS failed: {failure}")

    def _hear(self, replies: list[ReplyLines]) -> None:
        for reply in replies:
            if self._transaction is not None and not self._transaction.is_finished:
                self._continue(self._transaction, reply)
            elif self._waiter is not None and not self._waiter.done():
                self._is_greeted = True
                self._waiter.set_result(reply)
            elif not self._is_greeted:
                self._is_greeted = True
                self._greeting = reply
            else:
                self._break("the server spoke out of turn" if reply.code != 421 else "the server closed the connection")

    def _continue(self, transaction: Transaction, reply: ReplyLines) -> None:
        answer = transaction.receive(reply)
        if answer:
            self._send(answer)
        if transaction.step is Step.CONTENT and not transaction.is_spooled:
            for chunk in transaction.content():
                self._send(chunk)
            self._postpone(self._settings.final_reply_timeout)
        elif transaction.step is not Step.COMMANDS:
            self._wake()

    async def _wait(self, seconds: float) -> ReplyLines | None:
        if self._fault is not None:
            return None
        self._waiter = self._loop.create_future()
        self._postpone(seconds)
        try:
            return await self._waiter
        finally:
            self._waiter = None
            self._deadline = _NEVER

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _check_usable(self) -> None:
        if self._fault is not None:
            raise ConnectionLost(self._fault)

    def _break(self, why: str) -> None:
        if self._fault is None:
            self._fault = why
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()
        if self._transaction is not None and not self._transaction.is_finished:
            self._transaction.lose(why)
        self._writable.set()
        self._wake()

    # One timer serves many deadlines: it is moved only when it fires too early.

    def _postpone(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._look_at_deadline)

    def _look_at_deadline(self) -> None:
        self._timer = None
        if self._loop.time() >= self._deadline:
            self._break("the server did not answer in time")
        elif self._deadline is not _NEVER:
            self._timer = self._loop.call_at(self._deadline, self._look_at_deadline)


def _next_chunk(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)

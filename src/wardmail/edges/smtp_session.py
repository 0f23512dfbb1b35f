"""One connection of a listener: moves octets between the socket, TLS and the dialogue, and watches the time."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import cast

from wardmail.edges.smtp_body import MessageCollector, SpoolWriter
from wardmail.edges.smtp_dialogue import log_surprise
from wardmail.edges.smtp_room import SessionRoom
from wardmail.edges.tls_pipe import TlsFailure, TlsPipe
from wardmail.model.route import TlsMode
from wardmail.protocol.reply import Reply
from wardmail.protocol.smtp_events import BodyBegins, BodyChunk, BodyEnds, Quit, Signal, StartTls
from wardmail.protocol.smtp_server import SmtpServer

_log = logging.getLogger(__name__)

_MOST_BACKLOG = 256 * 1024
_TIMED_OUT = Reply(421, "4.4.2", "Waited too long")
_SHUTTING_DOWN = Reply(421, "4.3.2", "Shutting down: connect again")
_BROKEN = Reply(421, "4.3.0", "Local error: try again later")


class SmtpSession(asyncio.BufferedProtocol):
    """Created for every connection. Past `deadline` (of time.monotonic) the listener's tick calls `expire`."""

    _transport: asyncio.Transport

    def __init__(self, room: SessionRoom, mode: TlsMode) -> None:
        self._room = room
        self._mode = mode
        self._patience = room.settings.patience
        self._core = SmtpServer(room.settings.terms, tls=mode is TlsMode.IMPLICIT)
        self._pipe: TlsPipe | None = None
        self._holds: set[str] = set()
        self._peer = ""
        self._is_leaving = self._is_draining = False
        self._body_began = 0.0
        self._body_size = 0
        self.deadline = math.inf
        self._login_deadline = math.inf

    # -- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._transport = transport
        now = time.monotonic()
        self._peer = str((transport.get_extra_info("peername") or ("unknown",))[0])
        self._core = SmtpServer(self._room.host.terms_for(self._peer), tls=self._mode is TlsMode.IMPLICIT)
        self._dialogue = self._room.host.begin(self._core, self._peer, self._new_collector)
        self._room.sessions.add(self)
        self._login_deadline = now + self._patience.before_login
        unwanted = self._room.host.ledger.admit(self._peer, now)
        if self._mode is TlsMode.IMPLICIT:
            if unwanted:
                self._transport.abort()  # a reason could only be told after a handshake, which costs us more than them
                return
            self._begin_tls()
        elif unwanted:
            self._leave(Reply(421, "4.7.0", unwanted))
        else:
            self.deadline = now + self._patience.handshake
            asyncio.get_running_loop().call_later(self._patience.before_greeting, self._greet)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_leaving:
            return
        received = self._room.buffer[:nbytes]
        if self._pipe is None:
            self._core.feed(bytes(received))
        elif not self._decrypt(self._pipe, received):
            return
        self._pump()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._room.host.ledger.release(self._peer)
        self._room.sessions.discard(self)
        self._is_leaving = True
        self._core.say_goodbye(_BROKEN)
        self._discard(self._dialogue.end_transaction())
        if not self._room.sessions:
            self._room.on_empty()

    def pause_writing(self) -> None:
        self._hold("replies", True)

    def resume_writing(self) -> None:
        self._hold("replies", False)

    # -- called by the listener

    def expire(self) -> None:
        """The deadline has passed."""
        if self._is_leaving or (self._pipe is not None and not self._pipe.is_ready):
            self._transport.abort()
        else:
            self._leave(_TIMED_OUT)

    def drain(self) -> None:
        """Let the message in flight finish, then go; without one, go now."""
        self._is_draining = True
        if self._pipe is not None and not self._pipe.is_ready:
            self._transport.abort()
        elif not self._core.is_in_transaction:
            self._leave(_SHUTTING_DOWN)

    def abort(self) -> None:
        self._transport.abort()

    # -- inside

    def _greet(self) -> None:
        if self._is_leaving:
            return
        self._core.greet()
        if self._core.is_closed:
            self._room.host.ledger.ban(self._peer, time.monotonic())
        self._pump()
        self._set_deadline()

    def _begin_tls(self) -> None:
        self._pipe = TlsPipe(self._room.tls, is_server=True)
        self.deadline = time.monotonic() + self._patience.handshake

    def _decrypt(self, pipe: TlsPipe, received: memoryview) -> bool:
        """Feed the dialogue; whether there is something to do for it now."""
        was_ready = pipe.is_ready
        try:
            plaintext = pipe.feed_ciphertext(received)
        except TlsFailure as failure:
            _log.info("TLS with a client failed: %s", failure)
            self._transport.write(pipe.take_ciphertext())
            self._transport.close()
            self._is_leaving = True
            return False
        if pipe.is_ready and not was_ready:
            self._dialogue.tls = pipe.session
            if self._mode is TlsMode.IMPLICIT:
                self._core.feed(plaintext)
                self._greet()
                return False
            self._core.tls_established()
            self._dialogue.forget()
            self._set_deadline()
        if not pipe.is_ready:
            self._flush()
            return False
        self._core.feed(plaintext)
        return True

    def _pump(self) -> None:
        """Follow the dialogue as far as the octets reach."""
        try:
            has_moved = self._follow_events()
        except Exception as failure:
            log_surprise(failure)
            self._leave(_BROKEN)
            return
        self._flush()
        if self._core.is_closed:
            self._close()
        elif self._is_draining and not self._core.is_in_transaction:
            self._leave(_SHUTTING_DOWN)
        elif has_moved:
            self._set_deadline()

    def _follow_events(self) -> bool:
        core, has_moved = self._core, False
        while not isinstance(event := core.next_event(), Signal):
            has_moved = True
            if isinstance(event, BodyEnds):
                self._room.start(self._hand_in(event))
            elif isinstance(event, StartTls):
                core.accept()
                self._flush()
                self._begin_tls()
            else:
                self._discard(self._dialogue.follow(event))
                if isinstance(event, BodyBegins):
                    self._body_began = time.monotonic()
                    self._body_size = 0
                elif isinstance(event, Quit):
                    self._is_leaving = True
                elif isinstance(event, BodyChunk):
                    self._body_size += len(event.data)
        self._hold("verdict", core.backlog > _MOST_BACKLOG)
        return has_moved

    async def _hand_in(self, ends: BodyEnds) -> None:
        await self._dialogue.hand_in(ends)
        if not self._is_leaving:
            self._pump()
            self._set_deadline()

    def _set_deadline(self) -> None:
        """A tick compares; nothing is scheduled per command."""
        now = time.monotonic()
        if self._is_leaving or (self._pipe is not None and not self._pipe.is_ready):
            return
        if self._core.awaits_verdict:
            self.deadline = math.inf
        elif self._core.is_receiving_body:
            at_slowest = self._body_began + self._patience.message_grace + self._body_size / self._patience.slowest_rate
            self.deadline = min(now + self._patience.block, at_slowest)
        else:
            self.deadline = now + self._patience.command
        if not self._dialogue.may_stay:
            self.deadline = min(self.deadline, self._login_deadline)

    def _flush(self) -> None:
        output = self._core.take_output()
        if self._pipe is not None:
            output = self._encrypt(self._pipe, output)
        if output:
            self._transport.write(output)

    def _encrypt(self, pipe: TlsPipe, plaintext: bytes) -> bytes:
        try:
            pipe.write(plaintext)
        except TlsFailure as failure:
            _log.info("TLS with a client failed: %s", failure)
            self._transport.abort()
        return pipe.take_ciphertext()

    def _leave(self, reply: Reply) -> None:
        """End the dialogue from our side, with a reason."""
        if not self._core.is_closed:
            self._core.say_goodbye(reply)
        self._flush()
        self._close()

    def _close(self) -> None:
        """After QUIT the connection just ends. Otherwise what the client still sends is read and thrown away for a
        while: to close at once would reset the connection, and the last reply might never be read.
        """
        if self._pipe is not None:
            self._pipe.close()
            self._flush()
        if self._is_leaving:
            self._transport.close()
            return
        self._is_leaving = True
        self.deadline = time.monotonic() + self._patience.farewell
        self._transport.write_eof()

    def _hold(self, reason: str, is_on: bool) -> None:
        """Stop reading while there is any reason to."""
        was_held = bool(self._holds)
        if is_on:
            self._holds.add(reason)
        else:
            self._holds.discard(reason)
        if bool(self._holds) == was_held or self._transport.is_closing():
            return
        if self._holds:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _new_collector(self, message_id: str) -> MessageCollector:
        room = self._room

        def open_spool() -> SpoolWriter:
            return SpoolWriter(room.spool, message_id, room.executor, lambda is_on: self._hold("spool", is_on))

        return MessageCollector(open_spool, room.settings.memory_body, room.settings.head)

    def _discard(self, abandoned: MessageCollector | None) -> None:
        if abandoned is not None and abandoned.is_spooled:
            self._room.start(abandoned.discard())

"""The two ways to run a script: in memory against the core, and over real TLS sockets against the listener."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from tests.submission_desk import FakeDesk
from wardmail.edges.smtp_body import MessageCollector, SpoolWriter
from wardmail.edges.smtp_dialogue import DialogueTools, SmtpDialogue
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.edges.smtp_settings import PeerLimits
from wardmail.edges.tls_pipe import TlsPipe
from wardmail.model.message import TlsSession
from wardmail.protocol.smtp_events import BodyEnds, Signal, StartTls
from wardmail.protocol.smtp_server import SmtpServer
from wardmail.protocol.smtp_verbs import ServerTerms


class Wire(Protocol):
    """What a client sees of a server."""

    async def send(self, octets: bytes) -> None: ...

    async def receive(self) -> bytes:
        """Some octets; empty at the end."""
        ...

    async def start_tls(self) -> None: ...


class MemoryWire:
    """The core and the dialogue without sockets. `greet` waits for the first `receive`, as a patient server would."""

    def __init__(self, terms: ServerTerms, desk: FakeDesk, *, is_implicit: bool, step: int = 0) -> None:
        self._core = SmtpServer(terms, tls=is_implicit)
        tools = DialogueTools(desk, PeerLedger(PeerLimits()), b"decoy key")
        self._dialogue = SmtpDialogue(self._core, tools, "192.0.2.1", self._new_collector)
        if is_implicit:
            self._dialogue.tls = TlsSession("TLSv1.3", "TLS_AES_256_GCM_SHA384")
        self._step = step
        self._is_greeted = False

    async def send(self, octets: bytes) -> None:
        """In pieces of `step` octets, if there is a step."""
        step = self._step or len(octets) or 1
        for start in range(0, len(octets), step):
            self._core.feed(octets[start : start + step])
            await self._follow()

    async def receive(self) -> bytes:
        if not self._is_greeted:
            self._is_greeted = True
            self._core.greet()
            await self._follow()
        return self._core.take_output()

    async def start_tls(self) -> None:
        self._core.tls_established()
        self._dialogue.forget()
        self._dialogue.tls = TlsSession("TLSv1.3", "TLS_AES_256_GCM_SHA384")

    async def _follow(self) -> None:
        while not isinstance(event := self._core.next_event(), Signal):
            if isinstance(event, BodyEnds):
                await self._dialogue.hand_in(event)
            elif isinstance(event, StartTls):
                self._core.accept()
            elif (abandoned := self._dialogue.follow(event)) is not None:
                await abandoned.discard()

    def _new_collector(self, message_id: str) -> MessageCollector:
        def no_spool() -> SpoolWriter:
            raise AssertionError("scripts are short")

        return MessageCollector(no_spool, 1024 * 1024, 256 * 1024)


class SocketWire:
    """A client over TCP that can begin TLS at any time."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._pipe: TlsPipe | None = None

    async def connect(self, port: int, *, is_implicit: bool) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        if is_implicit:
            await self.start_tls()

    async def send(self, octets: bytes) -> None:
        if self._pipe is not None:
            self._pipe.write(octets)
            octets = self._pipe.take_ciphertext()
        self._writer.write(octets)
        await self._writer.drain()

    async def receive(self) -> bytes:
        while True:
            try:
                octets = await asyncio.wait_for(self._reader.read(65536), 5)
            except ConnectionError:
                return b""
            if self._pipe is None or not octets:
                return octets
            plaintext = self._pipe.feed_ciphertext(octets)
            if plaintext or self._pipe.is_finished:
                return plaintext

    async def start_tls(self) -> None:
        self._pipe = TlsPipe(self._context, is_server=False, server_hostname="localhost")
        while not self._pipe.is_ready:
            self._writer.write(self._pipe.take_ciphertext())
            self._pipe.feed_ciphertext(await asyncio.wait_for(self._reader.read(65536), 5))
        self._writer.write(self._pipe.take_ciphertext())

    @property
    def has_something_to_read(self) -> bool:
        return bool(self._reader._buffer) or self._reader.at_eof()  # type: ignore[attr-defined]

    async def close(self) -> None:
        self._writer.close()

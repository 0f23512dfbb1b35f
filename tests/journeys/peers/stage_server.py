"""An SMTP server that acts: it follows the protocol except where a test tells it not to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.journeys.peers.ground import CertificateFilesOnDisk


class Act:
    """Things to do in place of a reply."""

    CLOSE = "close"
    STALL = "stall"


@dataclass
class Play:
    """`lines` maps a verb (GREETING, EHLO, STARTTLS, AUTH, ANSWER, MAIL, RCPT, DATA, DOT, RSET) to replies, used in
    turn; the last one repeats. A reply is text without its line end, raw bytes, or an Act.
    """

    lines: dict[str, list[str | bytes]] = field(default_factory=dict)
    features: list[str] = field(default_factory=lambda: ["PIPELINING", "8BITMIME", "SIZE 0", "DSN"])
    offers_tls: bool = True
    dies_in_content: bool = False
    stops_reading: bool = False


_DEFAULTS: dict[str, str] = {
    "GREETING": "220 stage.example ESMTP",
    "STARTTLS": "220 go ahead",
    "DATA": "354 go ahead",
    "DOT": "250 2.0.0 queued",
    "QUIT": "221 bye",
}


class Stage:
    """What happened: commands heard, messages taken, connections made."""

    def __init__(self, play: Play, context: ssl.SSLContext | None) -> None:
        self.play = play
        self.port = 0
        self.heard: list[str] = []
        self.messages: list[bytes] = []
        self.connections = 0
        self.resumed = 0
        self._context = context
        self._used: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def count(self, verb: str) -> int:
        return sum(line.upper().startswith(verb) for line in self.heard)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._converse(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._reply(writer, "GREETING")
        while line := (await reader.readline()).decode("utf-8", "replace").strip("\r\n"):
            self.heard.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                await self._ehlo(writer)
            else:
                await self._reply(writer, verb)
            if verb == "STARTTLS" and self._context is not None:
                await writer.start_tls(self._context)
                self.resumed += writer.get_extra_info("ssl_object").session_reused
            elif verb == "DATA" and self._last.startswith(b"354"):
                await self._content(reader, writer)
            elif verb == "AUTH" and self._last.startswith(b"334"):
                await self._answers(reader, writer)
            elif verb == "QUIT":
                return

    async def _ehlo(self, writer: asyncio.StreamWriter) -> None:
        if "EHLO" in self.play.lines:
            await self._reply(writer, "EHLO")
            return
        is_tls = writer.get_extra_info("ssl_object") is not None
        features = self.play.features + (["STARTTLS"] if self.play.offers_tls and not is_tls else [])
        lines = ["stage.example", *features]
        last = len(lines) - 1
        writer.write(b"".join(f"250{' ' if i == last else '-'}{line}\r\n".encode() for i, line in enumerate(lines)))

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.play.dies_in_content:
            await reader.read(100)
            raise EOFError
        if self.play.stops_reading:
            await asyncio.sleep(3600)
        lines: list[bytes] = []
        while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line)
        self.messages.append(b"".join(lines))
        await self._reply(writer, "DOT")

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self._last.startswith(b"334"):
            self.heard.append("ANSWER " + (await reader.readline()).decode().strip("\r\n"))
            await self._reply(writer, "ANSWER")

    async def _reply(self, writer: asyncio.StreamWriter, verb: str) -> None:
        script = self.play.lines.get(verb, [_DEFAULTS.get(verb, "250 2.0.0 ok")])
        turn = self._used.get(verb, 0)
        self._used[verb] = turn + 1
        reply = script[min(turn, len(script) - 1)]
        if reply == Act.CLOSE:
            raise EOFError
        if reply == Act.STALL:
            await asyncio.sleep(3600)
        self._last = reply if isinstance(reply, bytes) else f"{reply}\r\n".encode()
        writer.write(self._last)
        with suppress(ConnectionError):
            await writer.drain()


@asynccontextmanager
async def on_stage(
    play: Play,
    certificate: CertificateFilesOnDisk | None,
    *,
    implicit: bool = False,
    address: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Stage]:
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
    stage = Stage(play, context)
    server = await asyncio.start_server(stage.serve, address, port, ssl=context if implicit else None)
    stage.port = server.sockets[0].getsockname()[1]
    try:
        yield stage
    finally:
        server.close()
        await stage.stop()
        await server.wait_closed()

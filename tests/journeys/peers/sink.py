"""An upstream in a process of its own that writes down, at once, which numbered message it took and when."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.peers.ground import CertificateFilesOnDisk, free_port, is_listening, stop, wait_until

_NUMBER = re.compile(rb"^Message-ID: <(\S+?)@", re.MULTILINE | re.IGNORECASE)
_GREETING = b"220 sink.example ESMTP\r\n"
_FEATURES = b"250-sink.example\r\n250-PIPELINING\r\n250-SIZE 0\r\n250-8BITMIME\r\n250 DSN\r\n"


@dataclass(frozen=True)
class Taken:
    """One message as the sink took it; `at` in seconds since the epoch, just before its 250 was sent."""

    number: str
    at: float


@dataclass
class Sink:
    port: int
    record: Path

    def taken(self) -> list[Taken]:
        if not self.record.exists():
            return []
        lines = (line.split() for line in self.record.read_text().splitlines())
        return [Taken(number, float(at)) for at, number in lines]


@contextmanager
def running_sink(directory: Path, certificate: CertificateFilesOnDisk, port: int = 0) -> Iterator[Sink]:
    """TLS from the first octet. The record stays when the sink has ended, and is gone on with by the next one."""
    sink = Sink(port or free_port(), directory / "sink.record")
    words = [str(sink.port), str(certificate.certificate), str(certificate.key), str(sink.record)]
    process = subprocess.Popen([sys.executable, "-m", "tests.journeys.peers.sink", *words])
    try:
        wait_until(lambda: is_listening(sink.port), "the sink")
        yield sink
    finally:
        stop(process)


async def _serve(port: int, certificate: str, key: str, record: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    file = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(reader, writer, file)
        except (OSError, EOFError, ssl.SSLError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(converse, "127.0.0.1", port, ssl=context, backlog=500, limit=2**26)
    await server.serve_forever()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: int) -> None:
    writer.write(_GREETING)
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"DATA":
            writer.write(b"354 go ahead\r\n")
            content = await reader.readuntil(b"\r\n.\r\n")
            found = _NUMBER.search(content)
            os.write(record, b"%f %s\n" % (time.time(), found[1] if found else b"?"))
        writer.write({b"EHLO": _FEATURES, b"QUIT": b"221 bye\r\n"}.get(verb, b"250 2.0.0 ok\r\n"))
        if verb == b"QUIT":
            return


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), *sys.argv[2:5]))

"""A small SMTP client for tests: says a line, returns the code and the last line of the reply."""

from __future__ import annotations

import base64

from tests.dialogues.wires import SocketWire
from tests.submission_desk import SECRET, USERNAME
from wardmail.edges.sandbox_certificate import SandboxCertificate
from wardmail.edges.tls import verifying_context


class ScriptlessClient:
    """`ask` sends a line and reads one reply; `reply` is empty when the server has closed."""

    def __init__(self, wire: SocketWire) -> None:
        self.wire = wire
        self._received = b""

    async def ask(self, line: str) -> str:
        await self.wire.send(line.encode() + b"\r\n")
        return await self.reply()

    async def reply(self) -> str:
        while True:
            line, found, rest = self._received.partition(b"\r\n")
            if not found:
                more = await self.wire.receive()
                if not more:
                    return ""
                self._received += more
                continue
            self._received = rest
            if line[3:4] != b"-":
                return line.decode()

    async def log_in(self, username: str = USERNAME, secret: str = SECRET) -> str:
        token = base64.b64encode(f"\0{username}\0{secret}".encode()).decode()
        return await self.ask(f"AUTH PLAIN {token}")

    async def close(self) -> None:
        await self.wire.close()


async def connect(port: int, certificate: SandboxCertificate) -> ScriptlessClient:
    """Over implicit TLS, greeted and EHLOed."""
    wire = SocketWire(verifying_context(certificate.authority))
    await wire.connect(port, is_implicit=True)
    client = ScriptlessClient(wire)
    assert (await client.reply()).startswith("220 ")
    assert await client.ask("EHLO client.example") == "250 HELP"
    return client


async def connect_and_log_in(port: int, certificate: SandboxCertificate) -> ScriptlessClient:
    client = await connect(port, certificate)
    assert (await client.log_in()).startswith("235 ")
    return client

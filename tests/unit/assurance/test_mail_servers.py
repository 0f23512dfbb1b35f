"""Mail servers of others that stall or have impossible names: each is judged alone, and a look always ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from wardmail.assurance import mail_servers
from wardmail.assurance.mail_servers import look_at_servers
from wardmail.edges.mail_server_look import MailServerLook
from wardmail.model.own_domain import ServerLook, Verdict
from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question

HOSTS = {"MX": ("10 stalls.example.", "20 fine.example."), "A": ("192.0.2.1",)}


class Dns:
    async def answer(self, question: Question) -> Answer:
        assert isinstance(question, DnsQuestion)
        return Found(HOSTS[question.rdtype]) if question.rdtype in HOSTS else NotFound()


@dataclass
class Servers:
    async def look(self, host: str, address: str) -> ServerLook:
        if host == "stalls.example":
            await asyncio.Event().wait()
        return ServerLook(host, address, is_reached=True)


async def test_a_server_that_stalls_hides_nothing_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_servers, "PATIENCE", 0.05)
    found = {each.check: each for each in await look_at_servers("a.example", Dns(), Servers(), 25, 0.0)}
    assert found["TLS of stalls.example"].verdict is Verdict.UNKNOWN
    assert "says nothing" in found["TLS of stalls.example"].found
    assert found["TLS of fine.example"].verdict is Verdict.FIX


@pytest.mark.parametrize("host", ["\\200" * 63 + ".evil.example", "a..b", ".a", "x" * 64 + ".example"])
async def test_names_that_no_certificate_has_end_no_look(host: str) -> None:
    async def offer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in (b"220 a\r\n", b"250-a\r\n250 STARTTLS\r\n", b"220 go\r\n"):
            writer.write(line)
            await reader.readline()
        writer.close()

    async with await asyncio.start_server(offer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        look = await MailServerLook("gw.example", port=port, allow_private=True).look(host, "127.0.0.1")
    assert not look.is_reached
    assert "name" in look.why

"""How long others may take is what we say, and not what a library has in mind."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from tests.inbound_desk import SettableClock

from wardmail.edges import guarded_https
from wardmail.edges.guarded_https import Target
from wardmail.edges.guarded_post import GuardedPost
from wardmail.edges.scanners.rspamd import RspamdScanner
from wardmail.edges.webhook import HttpsPoster
from wardmail.model.inspection import ScanOutcome
from wardmail.model.sender import Sending
from wardmail.model.webhook import WebhookMessage


class _Secrets:
    def reveal(self, reference: str) -> bytes:
        return b"secret"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[httpx2.AsyncClient]:
    clients: list[httpx2.AsyncClient] = []

    class Noted(httpx2.AsyncClient):
        def __init__(self, **terms: Any) -> None:
            super().__init__(**terms)
            clients.append(self)

    async def nowhere(host: str, port: int, *, allow_private: bool) -> str:
        return "127.0.0.1"

    monkeypatch.setattr(httpx2, "AsyncClient", Noted)
    monkeypatch.setattr(guarded_https, "address_to_call", nowhere)
    return clients


async def test_only_our_own_time_ends_a_call(made: list[httpx2.AsyncClient]) -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert "failed" in str(await GuardedPost().post(Target(f"https://localhost:{port}/"), b"{}", {}))
        secrets: Any = _Secrets()
        poster = HttpsPoster(f"https://localhost:{port}/", "keystore:x", secrets, SettableClock())
        assert "failed" in await poster.post(WebhookMessage("1", "type", "{}", 0.0))
        scanner = RspamdScanner(f"http://127.0.0.1:{port}")
        assert (await scanner.scan(b"x", Sending(), ())).outcome is ScanOutcome.UNKNOWN
        await scanner.close()
    assert [client.timeout for client in made] == [httpx2.Timeout(None)] * 3

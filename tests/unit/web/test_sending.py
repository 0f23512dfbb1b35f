"""Files on their way to somebody: bounded in number until they are sent, and whoever never takes them is cut off."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from wardmail.web import sending
from wardmail.web.sending import SentInPieces


class _Room:
    def __init__(self) -> None:
        self.is_left = False

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        self.is_left = True


async def _response(octets: bytes, room: _Room) -> SentInPieces:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(room)
        return SentInPieces(octets, {"X-Name": "value"}, stack.pop_all())


async def _nothing() -> MutableMapping[str, Any]:
    raise AssertionError("nobody asks what comes in")


async def test_the_room_is_left_when_the_last_piece_has_gone() -> None:
    room, sent = _Room(), []
    octets = bytes(range(256)) * 1024

    async def send(message: MutableMapping[str, Any]) -> None:
        assert not room.is_left
        sent.append(message)

    await (await _response(octets, room))({"type": "http"}, _nothing, send)
    assert room.is_left
    assert b"".join(each.get("body", b"") for each in sent) == octets
    assert [each.get("more_body", False) for each in sent[1:]] == [True] * 4 + [False]
    headers = dict(sent[0]["headers"])
    assert headers[b"content-length"] == str(len(octets)).encode()
    assert headers[b"content-type"] == b"application/octet-stream"
    assert headers[b"x-name"] == b"value"


async def test_who_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PATIENCE", 0.01)
    room = _Room()

    async def send(_: MutableMapping[str, Any]) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await (await _response(b"x", room))({"type": "http"}, _nothing, send)
    assert room.is_left


async def test_who_goes_away_leaves_the_room() -> None:
    room = _Room()

    async def send(_: MutableMapping[str, Any]) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await (await _response(b"x", room))({"type": "http"}, _nothing, send)
    assert room.is_left

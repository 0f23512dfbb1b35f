"""Asks ClamAV's daemon, by INSTREAM: a stream that it cut short, or a reply in other words, is no answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from wardmail.edges.scanners.connections import Place, Streams, connected
from wardmail.model.inspection import ScanOutcome, ScanReport
from wardmail.model.sender import Sending

_CHUNK = 64 * 1024
_LONGEST_REPLY = 4096
_FOUND = re.compile(rb"stream: ([\x21-\x7e][\x20-\x7e]{0,250}) FOUND").fullmatch
_LIMIT = re.compile(r"(?:Heuristics\.)?(?:Limits\.Exceeded|Encrypted)")
"""What clamd (with AlertExceedsMax) calls FOUND when it could not look: that is not knowing, and neither clean nor malware."""


class ClamdScanner:
    """Implements `ports.Scanner`. `largest` in octets: what is larger was not scanned, and so is unknown."""

    name = "clamd"

    def __init__(self, place: Place, *, seconds: float = 30.0, largest: int = 50 * 1024 * 1024) -> None:
        self._place = place
        self._seconds = seconds
        self._largest = largest

    async def scan(self, message: bytes, sending: Sending, recipients: Sequence[str]) -> ScanReport:
        if len(message) > self._largest:
            return _unknown(f"the message has more than {self._largest // 1024 // 1024} MiB")
        try:
            async with asyncio.timeout(self._seconds), connected(self._place, _LONGEST_REPLY) as streams:
                return _meaning(await _converse(streams, message))
        except TimeoutError:
            return _unknown("it did not answer in time")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            return _unknown(f"the connection failed ({type(error).__name__})")

    async def close(self) -> None:
        return None


async def _converse(streams: Streams, message: bytes) -> bytes:
    """The reply. It may come before all was sent: then clamd had enough, and says so."""
    reader, writer = streams
    writer.write(b"zINSTREAM\0")
    reply = asyncio.ensure_future(reader.readuntil(b"\0"))
    try:
        view = memoryview(message)
        for start in range(0, len(message), _CHUNK):
            part = view[start : start + _CHUNK]
            writer.write(len(part).to_bytes(4, "big"))
            writer.write(part)
            await writer.drain()
            if reply.done():
                break
        else:
            writer.write(bytes(4))
            await writer.drain()
            return await reply
        await reply
        return b"cut short"
    finally:
        reply.cancel()


def _meaning(reply: bytes) -> ScanReport:
    text = reply.removesuffix(b"\0")
    if text == b"stream: OK":
        return ScanReport("clamd", ScanOutcome.CLEAN)
    found = _FOUND(text)
    if found is None:
        return _unknown("it says something else than OK or FOUND")
    name = found[1].decode("ascii")
    if _LIMIT.match(name):
        return ScanReport("clamd", ScanOutcome.UNKNOWN, (name,), why="it could not look at all of it")
    return ScanReport("clamd", ScanOutcome.FOUND, (name,))


def _unknown(why: str) -> ScanReport:
    return ScanReport("clamd", ScanOutcome.UNKNOWN, why=why)

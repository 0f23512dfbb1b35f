"""Asks SpamAssassin's daemon, by SPAMC/1.5 SYMBOLS: the score against its limit, and the names of its rules."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence

from wardmail.edges.scanners.connections import Place, Streams, connected
from wardmail.model.inspection import ScanOutcome, ScanReport
from wardmail.model.sender import Sending

_LONGEST_REPLY = 64 * 1024
_STATUS = re.compile(rb"SPAMD/1\.[0-9] 0 EX_OK").fullmatch
_VERDICT = re.compile(rb"(?i)Spam: (True|False|Yes|No) ; (-?[0-9]{1,6}(?:\.[0-9]+)?) / (-?[0-9]{1,6}(?:\.[0-9]+)?)")
_RULE = re.compile(r"[A-Z0-9_]{1,64}").fullmatch
_MOST_RULES = 200


class SpamdScanner:
    """Implements `ports.Scanner`."""

    name = "spamassassin"

    def __init__(self, place: Place, *, seconds: float = 60.0, largest: int = 2 * 1024 * 1024) -> None:
        self._place = place
        self._seconds = seconds
        self._largest = largest

    async def scan(self, message: bytes, sending: Sending, recipients: Sequence[str]) -> ScanReport:
        """Of a message that is larger than it takes, the first part is shown to it: spam is small, and says it at once."""
        try:
            async with asyncio.timeout(self._seconds), connected(self._place, _LONGEST_REPLY) as streams:
                return await _converse(streams, message[: self._largest])
        except TimeoutError:
            return _unknown("it did not answer in time")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            return _unknown(f"the connection failed ({type(error).__name__})")

    async def close(self) -> None:
        return None


async def _converse(streams: Streams, message: bytes) -> ScanReport:
    reader, writer = streams
    writer.write(b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\nUser: wardmail\r\n\r\n" % len(message))
    writer.write(message)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    status, *fields = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if not _STATUS(status):
        return _unknown("it refuses to look")
    verdicts = [found for line in fields if (found := _VERDICT.fullmatch(line.strip()))]
    lengths = [int(line[15:]) for line in fields if re.fullmatch(rb"(?i)content-length: [0-9]{1,6}", line)]
    if len(verdicts) != 1 or len(lengths) != 1 or lengths[0] > _LONGEST_REPLY:
        return _unknown("its verdict cannot be read")
    rules = (await reader.readexactly(lengths[0])).decode("ascii", "replace").strip()
    return _report(verdicts[0], rules)


def _report(verdict: re.Match[bytes], rules: str) -> ScanReport:
    is_spam = verdict[1].lower() in (b"true", b"yes")
    score, limit = float(verdict[2]), float(verdict[3])
    if not math.isfinite(score) or is_spam != (score >= limit):
        return _unknown("its verdict contradicts its own score")
    names = tuple(name for name in re.split(r"[,\s]+", rules)[:_MOST_RULES] if _RULE(name))
    return ScanReport("spamassassin", ScanOutcome.FOUND if is_spam else ScanOutcome.CLEAN, names, score, limit)


def _unknown(why: str) -> ScanReport:
    return ScanReport("spamassassin", ScanOutcome.UNKNOWN, why=why)

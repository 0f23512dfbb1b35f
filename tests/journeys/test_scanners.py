"""ClamAV, Rspamd and SpamAssassin as they are, and servers in their place that lie, stall, cut short and flood."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.journeys.peers.ground import free_port
from tests.journeys.peers.scanners import GTUBE, MALWARE, RunningScanner, running_clamd, running_rspamd, running_spamd
from wardmail.edges.scanners.clamd import ClamdScanner
from wardmail.edges.scanners.connections import Place
from wardmail.edges.scanners.rspamd import RspamdScanner
from wardmail.edges.scanners.spamd import SpamdScanner
from wardmail.model.inspection import ScanOutcome, ScanReport
from wardmail.model.sender import Sending
from wardmail.ports import Scanner

FROM = Sending("192.0.2.7", "mail.nhs.example", "ward@nhs.example")
TO = ("letters@trust.example",)
HEAD = (
    b"From: Ward <ward@nhs.example>\r\nTo: letters@trust.example\r\nSubject: a letter\r\n"
    b"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@nhs.example>\r\n\r\n"
)
CLEAN = HEAD + b"Good morning, the results are attached.\r\n"


async def ask(scanner: Scanner, message: bytes) -> ScanReport:
    try:
        return await scanner.scan(message, FROM, TO)
    finally:
        await scanner.close()


@pytest.fixture(scope="module")
def clamd() -> Iterator[RunningScanner]:
    with running_clamd() as running:
        yield running


@pytest.fixture(params=["port", "socket"])
def clamd_place(request: pytest.FixtureRequest, clamd: RunningScanner) -> Place:
    return Place("127.0.0.1", clamd.port) if request.param == "port" else Place(socket=str(clamd.socket))


async def test_clamd_finds_what_it_knows_and_nothing_else(clamd_place: Place) -> None:
    scanner = ClamdScanner(clamd_place)
    assert await ask(scanner, CLEAN) == ScanReport("clamd", ScanOutcome.CLEAN)
    found = await ask(scanner, HEAD + MALWARE + b"\r\n")
    assert (found.outcome, found.names) == (ScanOutcome.FOUND, ("Wardmail.Test.Malware.UNOFFICIAL",))


async def test_what_clamd_does_not_take_whole_is_unknown(clamd_place: Place) -> None:
    scanner = ClamdScanner(clamd_place, seconds=20)
    report = await ask(scanner, HEAD + b"x" * (3 * 1024 * 1024) + MALWARE)
    assert report.outcome is ScanOutcome.UNKNOWN, "its StreamMaxLength is a megabyte"
    assert (await ask(ClamdScanner(clamd_place, largest=10), CLEAN)).outcome is ScanOutcome.UNKNOWN


async def test_many_at_once(clamd_place: Place) -> None:
    scanner = ClamdScanner(clamd_place)
    messages = [HEAD + (MALWARE if n % 2 else b"fine") for n in range(20)]
    reports = await asyncio.gather(*(ask(scanner, each) for each in messages))
    assert [each.outcome for each in reports] == [ScanOutcome.CLEAN, ScanOutcome.FOUND] * 10


async def test_spamassassin_scores() -> None:
    with running_spamd() as spamd:
        scanner = SpamdScanner(Place("127.0.0.1", spamd.port))
        clean = await ask(scanner, CLEAN)
        assert clean.outcome is ScanOutcome.CLEAN, clean
        assert clean.limit == 5.0
        spam = await ask(scanner, HEAD + GTUBE + b"\r\n")
        assert spam.outcome is ScanOutcome.FOUND
        assert "GTUBE" in spam.names
        assert spam.score is not None
        assert spam.score > 100


async def test_rspamd_acts() -> None:
    with running_rspamd() as rspamd:
        scanner = RspamdScanner(f"http://127.0.0.1:{rspamd.port}")
        clean = await ask(scanner, CLEAN)
        assert (clean.outcome, clean.why) == (ScanOutcome.CLEAN, "no action"), clean
        spam = await ask(scanner, HEAD + GTUBE + b"\r\n")
        assert (spam.outcome, spam.why) == (ScanOutcome.FOUND, "reject"), spam


# -- in their place, somebody else


@asynccontextmanager
async def saying(answer: bytes | None, *, early: bool = False) -> AsyncIterator[int]:
    """A server that says this at once, or after it has heard something; None: nothing, for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not early:
                await reader.read(10)
            if answer is None:
                await asyncio.sleep(60)
            writer.write(answer or b"")
            await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def _http(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\nContent-Type: application/json\r\n\r\n%b" % (status, len(body), body)


LIES: dict[str, list[bytes | None]] = {
    "clamd": [
        None,
        b"",
        b"stream: OK",
        b"stream: ok\0",
        b"OK\0",
        b"stream: OK FOUND OK\0",
        b"stream: OK\r\nstream: Eicar FOUND\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
        b"x" * 100_000,
        b"\0",
    ],
    "spamd": [
        None,
        b"",
        b"SPAMD/1.1 0 EX_OK\r\n",
        b"SPAMD/1.1 0 EX_OK\r\n\r\n",
        b"SPAMD/1.1 0 EX_OK\r\nContent-length: 2\r\nSpam: False ; 99.0 / 5.0\r\n\r\nAA",
        b"SPAMD/1.1 0 EX_OK\r\nContent-length: 2\r\nSpam: True ; 1.0 / 5.0\r\n\r\nAA",
        b"SPAMD/1.1 0 EX_OK\r\nContent-length: 2\r\nSpam: False ; nan / 5.0\r\n\r\nAA",
        b"SPAMD/1.1 0 EX_OK\r\nContent-length: 99\r\nSpam: False ; 1.0 / 5.0\r\n\r\nAA",
        b"SPAMD/1.1 0 EX_OK\r\nContent-length: 2\r\nSpam: False ; 1 / 5\r\nSpam: True ; 9 / 5\r\n\r\nAA",
        b"SPAMD/1.1 76 Bad header line\r\n\r\n",
        b"SPAMD/1.1 0 EX_OK\r\n" + b"X: y\r\n" * 50_000,
    ],
    "rspamd": [
        None,
        b"",
        _http(b"{}"),
        _http(b"[]"),
        _http(b"not json"),
        _http(b'{"action": "no action", "score": "low", "symbols": {}}'),
        _http(b'{"action": "no action", "score": NaN, "symbols": {}}'),
        _http(b'{"action": "no action", "score": 1, "symbols": {}, "is_skipped": true}'),
        _http(b'{"action": "dance", "score": 1, "symbols": {}}'),
        _http(b'{"action": "no action", "score": 1, "symbols": {}}', b"500 Sorry"),
        _http(b'{"action": "no action", "score": 1, "symbols": {}}', b"302 Found\r\nLocation: http://127.0.0.1/"),
        _http(b"[" * 100_000),
        _http(b'{"x": "' + b"y" * 3_000_000 + b'"}'),
    ],
}


def _scanner(kind: str, port: int) -> Scanner:
    if kind == "clamd":
        return ClamdScanner(Place("127.0.0.1", port), seconds=1)
    if kind == "spamd":
        return SpamdScanner(Place("127.0.0.1", port), seconds=1)
    return RspamdScanner(f"http://127.0.0.1:{port}", seconds=1)


@pytest.mark.parametrize(("kind", "lie"), [(kind, lie) for kind, lies in LIES.items() for lie in lies])
async def test_what_is_no_answer_is_never_clean(kind: str, lie: bytes | None) -> None:
    async with saying(lie) as port:
        report = await ask(_scanner(kind, port), HEAD + b"x" * 200_000)
    assert report.outcome is ScanOutcome.UNKNOWN, report


@pytest.mark.parametrize("kind", list(LIES))
async def test_who_is_not_there_is_unknown(kind: str) -> None:
    assert (await ask(_scanner(kind, free_port()), CLEAN)).outcome is ScanOutcome.UNKNOWN


async def test_clean_before_all_was_sent_is_not_clean() -> None:
    async with saying(b"stream: OK\0", early=True) as port:
        report = await ask(_scanner("clamd", port), HEAD + b"x" * 20_000_000)
    assert report.outcome is ScanOutcome.UNKNOWN

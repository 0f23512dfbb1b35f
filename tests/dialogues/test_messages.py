"""What is handed to the desk is, octet for octet, what a client sent: small, large, in drops, through other libraries."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from functools import partial
from typing import Any

import pytest
from scramp import ScramClient

from tests.dialogues.client import ScriptlessClient, connect, connect_and_log_in
from tests.dialogues.listening import listening, settings_with
from tests.submission_desk import SECRET, USERNAME, FakeDesk, FakeSpool, octets_of
from wardmail.edges.sandbox_certificate import SandboxCertificate
from wardmail.protocol.smtp_commands import encode_base64, parse_base64

_LINE = b"0123456789" * 7 + b"\r\n"
_LARGE = b"Subject: large\r\n\r\n" + _LINE * 50_000


async def _send(client: ScriptlessClient, octets: bytes, piece: int = 60_000) -> str:
    for line in ("MAIL FROM:<app@trust.example>", "RCPT TO:<one@other.example>", "DATA"):
        assert (await client.ask(line))[:3] in {"250", "354"}
    octets = octets.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    for start in range(0, len(octets), piece):
        await client.wire.send(octets[start : start + piece])
    return await client.reply()


async def test_a_large_body_goes_through_the_spool(certificate: SandboxCertificate) -> None:
    desk, spool = FakeDesk(), FakeSpool()
    async with listening(certificate, desk, spool) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        assert await _send(client, _LARGE) == "250 2.0.0 stored as M1"
        assert await _send(client, b"Subject: small\r\n\r\nx\r\n") == "250 2.0.0 stored as M2"
        await client.close()
    large, small = desk.submissions
    assert large.body.is_spooled
    assert octets_of(large) == _LARGE
    assert not small.body.is_spooled
    assert spool.finished == 1


async def test_a_full_spool_is_a_temporary_failure(certificate: SandboxCertificate) -> None:
    desk, spool = FakeDesk(), FakeSpool(is_full=True)
    async with listening(certificate, desk, spool) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        assert (await _send(client, _LARGE)).startswith("451 4.3.0")
        spool.is_full = False
        assert (await _send(client, _LARGE)).startswith("250")
        await client.close()
    assert spool.discarded == 1


async def test_a_message_that_is_cut_off_is_discarded(certificate: SandboxCertificate) -> None:
    desk, spool = FakeDesk(), FakeSpool()
    async with listening(certificate, desk, spool) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        for line in ("MAIL FROM:<app@trust.example>", "RCPT TO:<one@other.example>", "DATA"):
            await client.ask(line)
        await client.wire.send(_LARGE)
        await client.close()
        while not spool.discarded:
            await asyncio.sleep(0.01)
    assert desk.submissions == []


async def test_a_refused_message_does_not_leave_the_dialogue_waiting_for_a_slow_spool(
    certificate: SandboxCertificate,
) -> None:
    desk, spool = FakeDesk(), FakeSpool(pause=0.002)
    async with listening(certificate, desk, spool) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        assert (await _send(client, _LARGE + b"\0\r\n")).startswith("554 5.6.0")
        assert (await _send(client, b"Subject: small\r\n\r\nx\r\n")).startswith("250")
        await client.close()
    assert (spool.finished, spool.discarded) == (0, 1)


async def test_a_message_in_drops_is_one_small_buffer(certificate: SandboxCertificate) -> None:
    desk = FakeDesk()
    async with listening(certificate, desk) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        octets = b"Subject: x\r\n\r\n" + b"a drop\r\n" * 50
        assert (await _send(client, octets, piece=1)).startswith("250")
        await client.close()
    assert octets_of(desk.submissions[0]) == octets
    assert len(list(desk.submissions[0].body.chunks())) == 1


@pytest.mark.parametrize(
    ("octets", "head", "body"),
    [
        (b"Subject: x\r\n\r\nbody\r\n", b"Subject: x\r\n", b"body\r\n"),
        (b"Subject: only a head\r\n", b"Subject: only a head\r\n", b""),
        (b"\r\nonly a body\r\n", b"", b"only a body\r\n"),
        (b"Subject: x\r\n\r\n", b"Subject: x\r\n", b""),
        (b"Subject: x\r\n\r\n\r\n\r\n", b"Subject: x\r\n", b"\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("piece", [1, 3, 1000])
async def test_where_the_head_ends(
    octets: bytes, head: bytes, body: bytes, piece: int, certificate: SandboxCertificate
) -> None:
    desk = FakeDesk()
    async with listening(certificate, desk) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        assert (await _send(client, octets, piece)).startswith("250")
        await client.close()
    assert desk.submissions[0].head == head
    assert b"".join(desk.submissions[0].body.chunks()) == body


async def test_a_head_has_a_budget(certificate: SandboxCertificate) -> None:
    desk = FakeDesk()
    async with listening(certificate, desk, settings=settings_with(head=1000)) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        assert (await _send(client, b"X: y\r\n" * 200 + b"\r\nbody\r\n")).startswith("552 5.3.4")
        assert (await _send(client, b"X: y\r\n" * 100 + b"\r\nbody\r\n")).startswith("250")
        await client.close()


_TRICKY = b"Subject: x\r\n\r\n.\r\n..\r\n...x\r\n \r\n.x.\r\nlast"


async def test_what_smtplib_sends_is_what_arrives(certificate: SandboxCertificate) -> None:
    desk = FakeDesk()
    context = ssl.create_default_context(cafile=str(certificate.authority))

    def send(port: int) -> None:
        with smtplib.SMTP("localhost", port) as client:
            client.starttls(context=context)
            client.login(USERNAME, SECRET)
            client.sendmail("app@trust.example", ["one@other.example"], _TRICKY)

    async with listening(certificate, desk) as listener:
        await asyncio.to_thread(partial(send, listener.ports[0]))
    assert octets_of(desk.submissions[0]) == _TRICKY + b"\r\n"


async def _scram(client: ScriptlessClient, username: str, secret: str) -> tuple[str, str]:
    """The salt that was shown, and the last reply."""
    scram = ScramClient(["SCRAM-SHA-256"], username, secret)
    first = encode_base64(scram.get_client_first().encode()).decode()
    challenge = parse_base64((await client.ask(f"AUTH SCRAM-SHA-256 {first}")).removeprefix("334 "))
    assert isinstance(challenge, bytes)
    scram.set_server_first(challenge.decode())
    reply = await client.ask(encode_base64(scram.get_client_final().encode()).decode())
    if reply.startswith("334 "):
        final = parse_base64(reply.removeprefix("334 "))
        assert isinstance(final, bytes)
        scram.set_server_final(final.decode())
        reply = await client.ask("")
    return challenge.decode().split("s=")[1], reply


async def test_scram(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk()) as listener:
        client = await connect(listener.ports[1], certificate)
        _, reply = await _scram(client, USERNAME, "wrong")
        assert reply.startswith("535 5.7.8")
        _, reply = await _scram(client, USERNAME, SECRET)
        assert reply.startswith("235 2.7.0")
        await client.close()


async def test_scram_does_not_tell_who_exists(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk()) as listener:
        client = await connect(listener.ports[1], certificate)
        first, reply = await _scram(client, "nobody", "x")
        again, _ = await _scram(client, "nobody", "y")
        await client.close()
        client = await connect(listener.ports[1], certificate)
        other, _ = await _scram(client, "somebody", "x")
        known, refused = await _scram(client, USERNAME, "x")
        await client.close()
    assert reply == refused
    assert first == again, "a decoy that changes gives itself away"
    assert first != other
    assert len(first) == len(known)


async def test_replies_are_not_held_back(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk()) as listener:
        client = await connect(listener.ports[1], certificate)
        session: Any
        (session,) = listener._room.sessions
        no_delay = session._transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert no_delay != 0
        await client.close()

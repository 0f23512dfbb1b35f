"""What a listener does about clients that are slow, greedy, guessing or in the way of a shutdown."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from tests.dialogues.client import ScriptlessClient, connect, connect_and_log_in
from tests.dialogues.listening import listening, settings_with
from tests.dialogues.wires import SocketWire
from tests.submission_desk import FakeDesk
from wardmail.edges import smtp_listener
from wardmail.edges.sandbox_certificate import SandboxCertificate
from wardmail.edges.smtp_settings import Patience, PeerLimits
from wardmail.edges.tls import verifying_context

_ENVELOPE = ("MAIL FROM:<app@trust.example>", "RCPT TO:<one@other.example>", "DATA")


@pytest.fixture(autouse=True)
def quick_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_listener, "_TICK", 0.02)


async def _begin_message(client: ScriptlessClient) -> None:
    for line in _ENVELOPE:
        assert (await client.ask(line))[:3] in {"250", "354"}


async def _hang_up_after(client: ScriptlessClient, pieces: list[bytes], pause: float) -> str:
    """Send the pieces slowly until the server has had enough; its last words."""
    for piece in pieces:
        await asyncio.sleep(pause)
        await client.wire.send(piece)
        if client.wire.has_something_to_read:
            break
    return await client.reply()


async def test_silence_between_commands_ends_the_dialogue(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk(), settings=settings_with(patience=Patience(command=0.2))) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        assert await client.reply() == "421 4.4.2 Waited too long"
        assert await client.reply() == ""


async def test_a_command_that_comes_in_drops_is_not_waited_for(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk(), settings=settings_with(patience=Patience(command=0.3))) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        assert "421 4.4.2" in await _hang_up_after(client, [b"X"] * 100, 0.05)


async def test_whoever_does_not_log_in_is_sent_away(certificate: SandboxCertificate) -> None:
    patience = Patience(before_login=0.3)
    async with listening(certificate, FakeDesk(), settings=settings_with(patience=patience)) as listener:
        client = await connect(listener.ports[1], certificate)
        assert (await client.ask("NOOP")).startswith("250")
        assert (await client.reply()).startswith("421 4.4.2")


async def test_a_message_that_drips_is_cut_off(certificate: SandboxCertificate) -> None:
    patience = Patience(message_grace=0.3, slowest_rate=1e6, block=10)
    desk = FakeDesk()
    async with listening(certificate, desk, settings=settings_with(patience=patience)) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        await _begin_message(client)
        assert "421 4.4.2" in await _hang_up_after(client, [b"X-Filler: abcdef\r\n"] * 100, 0.05)
        assert desk.submissions == []


async def test_a_message_that_stops_is_cut_off(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk(), settings=settings_with(patience=Patience(block=0.2))) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        await _begin_message(client)
        await client.wire.send(b"Subject: x\r\n")
        assert "421 4.4.2" in await client.reply()


async def test_a_handshake_that_never_comes_is_cut_off(certificate: SandboxCertificate) -> None:
    patience = Patience(handshake=0.2)
    async with listening(certificate, FakeDesk(), settings=settings_with(patience=patience)) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.ports[1])
        assert await _ends(reader)
        writer.close()


async def _ends(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 5) == b""
    except ConnectionError:
        return True


async def test_garbage_instead_of_a_handshake_ends_the_connection(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk()) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.ports[1])
        writer.write(b"EHLO in.the.clear\r\n")
        assert b"250" not in await asyncio.wait_for(reader.read(), 5)
        writer.close()


async def test_guessing_locks_the_name_out_and_then_the_address(certificate: SandboxCertificate) -> None:
    limits = PeerLimits(failed_logins_per_user=2, failed_logins=4)
    async with listening(certificate, FakeDesk(), settings=settings_with(limits=limits)) as listener:
        client = await connect(listener.ports[1], certificate)
        assert (await client.log_in(secret="wrong")).startswith("535 5.7.8")
        assert (await client.log_in(secret="wrong")).startswith("535 5.7.8")
        assert (await client.log_in()).startswith("454 4.7.0"), "even the right secret has to wait"
        await client.close()
        client = await connect(listener.ports[1], certificate)
        assert (await client.log_in(username="other")).startswith("535")
        assert (await client.log_in(username="another")).startswith("535")
        await client.close()
        wire = SocketWire(verifying_context(certificate.authority))
        await wire.connect(listener.ports[0], is_implicit=False)
        assert (await wire.receive()).startswith(b"421 4.7.0 Too many failures")
        await wire.close()


async def test_connections_from_one_address_are_counted(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk(), settings=settings_with(limits=PeerLimits(connections=2))) as listener:
        clients = [await connect(listener.ports[1], certificate) for _ in range(2)]
        wire = SocketWire(verifying_context(certificate.authority))
        await wire.connect(listener.ports[0], is_implicit=False)
        assert (await wire.receive()).startswith(b"421 4.7.0 Too many connections")
        await wire.close()
        await clients.pop().close()
        await _until(lambda: listener.open_sessions == 1)
        clients.append(await connect(listener.ports[1], certificate))
        for client in clients:
            await client.close()


async def _until(holds: object) -> None:
    assert callable(holds)
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_draining_sends_the_idle_away_and_lets_a_message_finish(certificate: SandboxCertificate) -> None:
    desk = FakeDesk(gate=asyncio.Event())
    async with listening(certificate, desk) as listener:
        idle = await connect_and_log_in(listener.ports[1], certificate)
        busy = await connect_and_log_in(listener.ports[1], certificate)
        await _begin_message(busy)
        draining = asyncio.create_task(listener.drain(5.0))
        assert await idle.reply() == "421 4.3.2 Shutting down: connect again"
        await busy.wire.send(b"Subject: x\r\n\r\nlate\r\n.\r\n")
        await asyncio.sleep(0.05)
        assert desk.gate is not None
        desk.gate.set()
        assert await busy.reply() == "250 2.0.0 stored as M1"
        assert await busy.reply() == "421 4.3.2 Shutting down: connect again"
        await idle.close()
        await busy.close()
        assert await draining


async def test_draining_cuts_off_who_does_not_finish(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk()) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        await _begin_message(client)
        assert not await listener.drain(0.1)
        await _until(lambda: listener.open_sessions == 0)
        await client.close()


@pytest.mark.parametrize("fault", ["down", "broken"])
async def test_our_own_failures_are_temporary_and_say_nothing(
    fault: str, certificate: SandboxCertificate, caplog: pytest.LogCaptureFixture
) -> None:
    desk = FakeDesk()
    caplog.set_level(logging.DEBUG)
    async with listening(certificate, desk) as listener:
        client = await connect(listener.ports[1], certificate)
        setattr(desk, fault, "authenticate")
        assert (await client.log_in()).startswith("454 4.7.0")
        setattr(desk, fault, "")
        assert (await client.log_in()).startswith("235")
        for method, line in zip(("check_sender", "check_recipient", "new_message_id"), _ENVELOPE, strict=True):
            setattr(desk, fault, method)
            assert (await client.ask(line)).startswith("451 4.3.0")
            setattr(desk, fault, "")
            assert (await client.ask(line))[:3] in {"250", "354"}
        setattr(desk, fault, "accept")
        await client.wire.send(b"Subject: x\r\n\r\n.\r\n")
        assert (await client.reply()).startswith("451 4.3.0")
        await client.close()
    assert "secret words" not in caplog.text
    assert ("unavailable" if fault == "down" else "unexpected ValueError") in caplog.text


async def test_a_refusal_says_only_what_is_public(certificate: SandboxCertificate) -> None:
    async with listening(certificate, FakeDesk()) as listener:
        client = await connect_and_log_in(listener.ports[1], certificate)
        assert await client.ask("MAIL FROM:<evil@x.example>") == "550 5.7.1 Not allowed to send as this address"
        await client.close()


async def test_who_talks_before_the_greeting_is_kept_out(certificate: SandboxCertificate) -> None:
    patience = Patience(before_greeting=0.1)
    async with listening(certificate, FakeDesk(), settings=settings_with(patience=patience)) as listener:
        for expected in (b"554 5.5.1 A client waits", b"421 4.7.0 Too many failures"):
            wire = SocketWire(verifying_context(certificate.authority))
            await wire.connect(listener.ports[0], is_implicit=False)
            await wire.send(b"EHLO early.example\r\n")
            assert (await wire.receive()).startswith(expected)
            await wire.close()

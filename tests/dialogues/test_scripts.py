"""Every script, run in memory (whole flights, and octet by octet) and over real TLS."""

from __future__ import annotations

import base64
import fnmatch
from pathlib import Path

import pytest

from tests.dialogues.listening import listening
from tests.dialogues.script import Do, Expect, Script, Send, read_script, unescape
from tests.dialogues.wires import MemoryWire, SocketWire, Wire
from tests.submission_desk import SECRET, USERNAME, FakeDesk, octets_of
from wardmail.edges.sandbox_certificate import SandboxCertificate
from wardmail.edges.smtp_settings import Endpoint, ListenerSettings, Patience
from wardmail.edges.tls import verifying_context
from wardmail.model.message import Submission
from wardmail.model.route import TlsMode
from wardmail.protocol.smtp_verbs import ServerTerms

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.smtp"))
_PLAIN = base64.b64encode(f"\0{USERNAME}\0{SECRET}".encode()).decode()


class Client:
    """Plays a script's client over a wire."""

    def __init__(self, wire: Wire, desk: FakeDesk, script: Script) -> None:
        self._wire = wire
        self._desk = desk
        self._is_clear = not script.is_implicit
        self._received = b""

    async def play(self, script: Script) -> None:
        for step in script.steps:
            match step:
                case Send():
                    await self._wire.send(step.octets)
                case Expect():
                    await self._expect(step.patterns)
                case Do():
                    await self._do(step.word, step.argument)

    async def _do(self, word: str, argument: str) -> None:
        match word:
            case "starttls":
                await self._start_tls()
            case "login":
                await self._log_in()
            case "closed":
                assert await self._reply() == [], "the server has not closed"
            case "stored":
                assert len(self._desk.submissions) == int(argument)
            case _:
                _check(word, argument, self._desk.submissions[-1])

    async def _log_in(self) -> None:
        await self._expect(("220 *",))
        for command, patterns in (("EHLO client.example", ("250 *",)), ("STARTTLS", ("220 *",))):
            if self._is_clear:
                await self._wire.send(f"{command}\r\n".encode())
                await self._expect(patterns)
        if self._is_clear:
            await self._start_tls()
        for command, patterns in (("EHLO client.example", ("250 *",)), (f"AUTH PLAIN {_PLAIN}", ("235 *",))):
            await self._wire.send(f"{command}\r\n".encode())
            await self._expect(patterns)

    async def _start_tls(self) -> None:
        await self._wire.start_tls()
        self._is_clear = False

    async def _expect(self, patterns: tuple[str, ...]) -> None:
        lines = await self._reply()
        assert lines, f"closed instead of {patterns}"
        assert fnmatch.fnmatchcase(lines[-1], patterns[-1]), f"{lines} instead of {patterns}"
        for pattern in patterns[:-1]:
            assert any(fnmatch.fnmatchcase(line, pattern) for line in lines), f"no {pattern} in {lines}"

    async def _reply(self) -> list[str]:
        lines: list[str] = []
        while True:
            line, found, rest = self._received.partition(b"\r\n")
            if not found:
                more = await self._wire.receive()
                if not more:
                    assert not self._received
                    return lines
                self._received += more
                continue
            self._received = rest
            lines.append(line.decode("ascii"))
            if line[3:4] != b"-":
                return lines


def _check(word: str, argument: str, submission: Submission) -> None:
    envelope = submission.envelope
    match word:
        case "sender":
            assert str(envelope.sender) == argument
        case "recipients":
            assert [str(recipient.address) for recipient in envelope.recipients] == argument.split()
        case "message":
            assert octets_of(submission) == unescape(argument)
        case "helo":
            assert submission.origin.helo == argument
        case "options":
            shown = {"ret": envelope.ret, "envid": envelope.envid, "eight_bit": envelope.eight_bit}
            shown |= {"smtputf8": envelope.smtputf8, "require_tls": envelope.require_tls}
            assert " ".join(f"{name}={value}" for name, value in shown.items()) == argument
        case "notify":
            first = envelope.recipients[0]
            assert f"{','.join(sorted(first.notify))} {first.orcpt}" == argument
        case _:
            raise ValueError(f"unknown step {word}")


def _terms(script: Script) -> ServerTerms:
    return ServerTerms("gw.example", **script.terms)  # type: ignore[arg-type]


def _in_pieces() -> list[tuple[Path, int]]:
    """What a flight is, shows only when it comes in one piece: scripts about that are not cut up."""
    return [(path, step) for path in SCRIPTS for step in (0, 1, 7) if not step or "pipelining" not in path.stem]


@pytest.mark.parametrize(("path", "step"), _in_pieces(), ids=lambda value: getattr(value, "stem", str(value)))
async def test_in_memory(path: Path, step: int) -> None:
    script, desk = read_script(path), FakeDesk()
    wire = MemoryWire(_terms(script), desk, is_implicit=script.is_implicit, step=step)
    await Client(wire, desk, script).play(script)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
async def test_over_tls(path: Path, certificate: SandboxCertificate) -> None:
    script, desk = read_script(path), FakeDesk()
    mode = TlsMode.IMPLICIT if script.is_implicit else TlsMode.STARTTLS
    settings = ListenerSettings(
        (Endpoint("127.0.0.1", 0, mode),), _terms(script), Patience(before_greeting=0.1, farewell=1.0)
    )
    async with listening(certificate, desk, settings=settings) as listener:
        wire = SocketWire(verifying_context(certificate.authority))
        await wire.connect(listener.ports[0], is_implicit=script.is_implicit)
        try:
            await Client(wire, desk, script).play(script)
        finally:
            await wire.close()

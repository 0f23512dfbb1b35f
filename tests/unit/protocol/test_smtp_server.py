"""The server core itself: verdicts, output, and the table of phases."""

from __future__ import annotations

import pytest

from wardmail.model.address import Address
from wardmail.model.refusal import Refusal
from wardmail.protocol.reply import Reply
from wardmail.protocol.smtp_events import BodyBegins, BodyChunk, BodyEnds, Hello, MailFrom, RcptTo, Signal, StartTls
from wardmail.protocol.smtp_phases import TRANSITIONS, Phase
from wardmail.protocol.smtp_server import SmtpServer
from wardmail.protocol.smtp_verbs import VERBS, ServerTerms

_RECEIVER = ServerTerms("gw.example", requires_auth=False, requires_tls=False)


def _greeted(terms: ServerTerms = _RECEIVER, *, tls: bool = False) -> SmtpServer:
    core = SmtpServer(terms, tls=tls)
    core.greet()
    core.feed(b"EHLO client.example\r\n")
    assert core.next_event() == Hello("client.example", True)
    core.accept()
    core.take_output()
    return core


def test_a_receiver_takes_mail_without_tls_or_log_in() -> None:
    core = _greeted()
    core.feed(b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n")
    assert core.next_event() == MailFrom(None)
    assert core.next_event() is Signal.PAUSED
    core.accept()
    assert core.next_event() == RcptTo(Address("a", "b.example"))
    core.accept()
    assert core.next_event() == BodyBegins(chunked=False)
    core.accept()
    assert core.next_event() is Signal.NEED_DATA
    core.feed(b"x\r\n.\r\n")
    assert core.next_event() == BodyChunk(b"x\r\n")
    assert core.next_event() == BodyEnds(3, eight_bit=False)
    core.accept("stored as 1")
    replies = [line[:3] for line in core.take_output().splitlines()]
    assert replies == [b"250", b"250", b"354", b"250"], "in order, in one piece"
    assert core.take_output() == b""


def test_a_verdict_that_nobody_asked_for_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="no verdict is owed"):
        _greeted().accept()


def test_a_refusal_can_end_the_dialogue() -> None:
    core = _greeted()
    core.feed(b"MAIL FROM:<a@b.example>\r\nNOOP\r\n")
    core.next_event()
    core.refuse(Refusal(421, "4.7.0", "Come back\r\nlater", "WM-BUSY", "private words"))
    assert core.take_output() == b"421 4.7.0 Come back  later\r\n"
    assert core.is_closed
    assert core.next_event() is Signal.CLOSED


def test_starttls_forgets_the_dialogue_and_remembers_the_faults() -> None:
    core = _greeted(ServerTerms("gw.example", max_faults=1))
    core.feed(b"JUNK\r\nSTARTTLS\r\nNOOP\r\n")
    core.next_event()
    assert core.next_event() == StartTls()
    core.accept()
    core.feed(b"in the clear\r\n")
    assert core.next_event() is Signal.NEED_DATA
    core.tls_established()
    core.take_output()
    core.feed(b"JUNK\r\n")
    core.next_event()
    assert core.take_output().startswith(b"421 ")


def test_a_refused_message_leaves_the_dialogue_open() -> None:
    core = _greeted()
    core.feed(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n")
    for _ in range(3):
        core.next_event()
        core.accept()
    core.feed(b".\r\nMAIL FROM:<a@b.example>\r\n")
    assert core.is_in_transaction
    assert isinstance(core.next_event(), BodyEnds)
    core.refuse(Refusal(550, "5.7.1", "No", "WM-NO"))
    assert core.next_event() == MailFrom(Address("a", "b.example"))


def test_every_phase_is_reached_by_a_command_that_exists() -> None:
    assert {verb for commands in TRANSITIONS.values() for verb in commands} <= set(VERBS)
    led_to = {phase for commands in TRANSITIONS.values() for phase in commands.values()}
    inner = {Phase.SILENT, Phase.GREETED, Phase.BODY_READ, Phase.CHUNKS, Phase.SPENT_CHUNKS, Phase.CLOSED}
    assert led_to | inner == set(Phase)


def test_only_commands_that_need_a_phase_say_what_to_do_out_of_order() -> None:
    everywhere = {verb for verb in VERBS if all(verb in commands for commands in TRANSITIONS.values())}
    assert everywhere == {"EHLO", "HELO", "RSET"}
    for name, verb in VERBS.items():
        in_some_phase = any(name in commands for commands in TRANSITIONS.values())
        assert bool(verb.out_of_order) == (in_some_phase and name not in everywhere and name != "BDAT"), name


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nb", b"550 5.0.0 a  b\r\n"),
        ("caf\u00e9", b"550 5.0.0 caf?\r\n"),
        ("x" * 600, b"550 5.0.0 " + b"x" * 480 + b"\r\n"),
    ],
)
def test_a_reply_is_always_one_line(text: str, line: bytes) -> None:
    assert Reply(550, "5.0.0", text).encode() == line

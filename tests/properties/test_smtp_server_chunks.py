"""However the network cuts a client's octets, the same things happen."""

from __future__ import annotations

import itertools
import smtplib
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from wardmail.model.refusal import Refusal
from wardmail.protocol.smtp_events import BodyBegins, BodyChunk, BodyEnds, BodyRefused, Event, RcptTo, Signal
from wardmail.protocol.smtp_server import SmtpServer
from wardmail.protocol.smtp_verbs import ServerTerms

_TERMS = ServerTerms("gw.example", requires_auth=False, requires_tls=False, max_message_size=4000, max_idle_commands=8)
_NO = Refusal(550, "5.1.1", "No such recipient", "WM-RECIPIENT")


@dataclass
class Heard:
    """Events with neighbouring chunks joined, bodies, and replies."""

    events: list[Event] = field(default_factory=list)
    body: bytes = b""
    output: bytes = b""


def _run(octets: bytes, cuts: list[int]) -> Heard:
    core, heard = SmtpServer(_TERMS), Heard()
    core.greet()
    core.feed(b"EHLO x\r\n")
    _follow_all(core, heard)
    _feed_in_pieces(core, octets, cuts, heard)
    return heard


def _feed_in_pieces(core: SmtpServer, octets: bytes, cuts: list[int], heard: Heard) -> None:
    edges = [0, *sorted(cut % (len(octets) + 1) for cut in cuts), len(octets)]
    for start, end in itertools.pairwise(edges):
        core.feed(octets[start:end])
        _follow_all(core, heard)
        heard.output += core.take_output()


def _follow_all(core: SmtpServer, heard: Heard) -> None:
    while not isinstance(event := core.next_event(), Signal):
        _follow(core, event, heard)


def _follow(core: SmtpServer, event: Event, heard: Heard) -> None:
    if isinstance(event, BodyChunk):
        heard.body += event.data
        return
    heard.events.append(event)
    if isinstance(event, BodyRefused):
        heard.body = b""  # what came before the fault was seen depends on the cuts, and is thrown away
    elif isinstance(event, RcptTo) and event.address.local == "nobody":
        core.refuse(_NO)
    elif core.awaits_verdict:
        core.accept()


# Flights end where the client must wait, so that no cut turns an early command into a late one.
_COMMANDS = st.sampled_from(
    [
        b"NOOP\r\n",
        b"RSET\r\n",
        b"MAIL FROM:<a@b.example> SIZE=10\r\n",
        b"RCPT TO:<c@d.example>\r\n",
        b"RCPT TO:<nobody@d.example>\r\n",
        b"BDAT 5\r\na\r\n.\r",
        b"BDAT 3 LAST\r\n\n\r\n",
        b"BDAT 0 LAST\r\n",
        b"BDAT 12\r\n0123456789\r\n",
        b"JUNK\r\n",
        b"MAIL FROM:<a\0b@c.example>\r\n",
        b"RCPT TO:<a@b.example>\nRSET\r\n",
    ]
)
_PIECES = st.sampled_from(
    [b"x", b".", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"\r", b"\n", b"\0", b"\xff", b"x" * 600, b"QUIT\r\n", b"\r\n.\r\r\n"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_COMMANDS, max_size=12).map(b"".join), st.lists(st.integers(0, 10_000), max_size=30))
def test_commands_and_chunks(octets: bytes, cuts: list[int]) -> None:
    assert _run(octets, []) == _run(octets, cuts)


@settings(max_examples=3000, deadline=None)
@given(st.lists(_PIECES, max_size=25).map(b"".join), st.lists(st.integers(0, 20_000), max_size=40))
def test_bodies(octets: bytes, cuts: list[int]) -> None:
    assert _body(octets, []) == _body(octets, cuts)


@settings(max_examples=100, deadline=None)
@given(st.lists(_PIECES, max_size=25).map(b"".join))
def test_octet_by_octet(octets: bytes) -> None:
    assert _body(octets, []) == _body(octets, list(range(len(octets) + 6)))


def _body(octets: bytes, cuts: list[int]) -> Heard:
    """DATA is accepted in a flight of its own; then come the octets, an end, and one more command."""
    core, heard = _at_data()
    octets += b"\r\n.\r\nNOOP\r\n"
    _feed_in_pieces(core, octets, cuts, heard)
    return heard


def _at_data() -> tuple[SmtpServer, Heard]:
    core, heard = SmtpServer(_TERMS), Heard()
    core.greet()
    for flight in (b"EHLO x\r\n", b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"):
        core.feed(flight)
        _follow_all(core, heard)
    assert isinstance(heard.events[-1], BodyBegins)
    core.take_output()
    return core, heard


_LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.just("."), max_size=80), max_size=30)


@settings(max_examples=300, deadline=None)
@given(_LINES, st.lists(st.integers(0, 5000), max_size=10))
def test_what_a_client_stuffs_is_what_arrives(lines: list[str], cuts: list[int]) -> None:
    message = "".join(f"{line}\r\n" for line in lines)
    stuffed = smtplib.quotedata(message).encode()
    core, heard = _at_data()
    _feed_in_pieces(core, stuffed + b".\r\n", cuts, heard)
    assert heard.events[-1] == BodyEnds(len(message), False)
    assert heard.body == message.encode()

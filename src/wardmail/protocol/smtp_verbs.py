"""Judges one command: in order, permitted, well written? It is answered at once, or a verdict is owed on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wardmail.protocol import smtp_commands as commands
from wardmail.protocol.reply import Reply, encode_lines
from wardmail.protocol.smtp_events import (
    BodyBegins,
    Event,
    ProtocolFault,
    Quit,
    Reset,
    StartTls,
)
from wardmail.protocol.smtp_phases import TRANSITIONS, Phase

_SENDER_ACCEPTED = b"250 2.1.0 Sender accepted\r\n"
_RECIPIENT_ACCEPTED = b"250 2.1.5 Recipient accepted\r\n"
_SEND_MESSAGE = b"354 End the message with CRLF.CRLF\r\n"
_TLS_FIRST = Reply(530, "5.7.0", "Must issue a STARTTLS command first")
_OUT_OF_ORDER = {
    "MAIL": "Say EHLO first, and finish one message before the next",
    "RCPT": "Say MAIL first",
    "DATA": "Give a recipient first; BDAT and DATA do not mix",
    "BDAT": "Give a recipient first",
    "AUTH": "Authenticate once, after EHLO and outside a message",
    "STARTTLS": "Say EHLO first, and start TLS outside a message",
}
_ANSWERED_AT_ONCE = {
    "NOOP": Reply(250, "2.0.0", "Nothing done"),
    "HELP": Reply(214, "2.0.0", "RFC 5321 describes what is spoken here"),
    "VRFY": Reply(252, "2.0.0", "Not verified: send a message to find out"),
}


@dataclass(frozen=True, slots=True)
class ServerTerms:
    """What this server offers and bears. Sizes in octets; a receiver for the open Internet requires nothing."""

    host_name: str
    max_message_size: int = 52_428_800
    max_recipients: int = 1000
    offers_starttls: bool = True
    requires_tls: bool = True
    requires_auth: bool = True
    max_faults: int = 20
    max_idle_commands: int = 50
    max_failed_logins: int = 3


@dataclass(slots=True)
class Standing:
    """What the dialogue has come to so far."""

    is_tls: bool
    phase: Phase = Phase.SILENT
    is_extended: bool = False
    has_authenticated: bool = False
    smtputf8: bool = False
    recipients: int = 0
    has_offered_recipients: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """The caller must give a verdict on `event`; if it is yes, `reply` is sent and the dialogue stands at `phase`."""

    event: Event
    reply: bytes
    phase: Phase


@dataclass(frozen=True, slots=True)
class Answered:
    """No verdict needed: `reply` is sent at once."""

    reply: Reply
    event: Event | None = None


Judgement = Owed | Answered | commands.ChunkSize | ProtocolFault


def judge_command(verb: str, arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    answered = _ANSWERED_AT_ONCE.get(verb)
    if answered is not None:
        return Answered(answered)
    judge = _JUDGES.get(verb)
    if judge is None:
        closes = commands.is_of_another_protocol(verb)
        return ProtocolFault(Reply(554 if closes else 500, "5.5.1", "Unknown command"), closes)
    if verb in _OUT_OF_ORDER and verb not in TRANSITIONS[standing.phase] and verb != "BDAT":
        if verb == "DATA" and standing.phase is Phase.SENDER and standing.has_offered_recipients:
            return Answered(Reply(554, "5.5.1", "No recipient was accepted"))
        return ProtocolFault(Reply(503, "5.5.1", _OUT_OF_ORDER[verb]))
    return judge(arguments, standing, terms)


def _hello(arguments: str, standing: Standing, terms: ServerTerms, *, extended: bool) -> Judgement:
    event = commands.parse_hello(arguments, extended=extended)
    if isinstance(event, Reply):
        return ProtocolFault(event)
    lines = [terms.host_name]
    if extended:
        lines += ["PIPELINING", f"SIZE {terms.max_message_size}", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"]
        lines.append("CHUNKING")
        if standing.is_tls:
            lines.append("REQUIRETLS")
            if terms.requires_auth:
                lines.append(f"AUTH {' '.join(commands.MECHANISMS)}")
        elif terms.offers_starttls:
            lines.append("STARTTLS")
        lines.append("HELP")
    return Owed(event, encode_lines(250, lines), Phase.READY)


def _starttls(arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    if arguments:
        return ProtocolFault(Reply(501, "5.5.4", "STARTTLS has no parameters"))
    if standing.is_tls or not terms.offers_starttls:
        return ProtocolFault(Reply(503, "5.5.1", "STARTTLS was not offered"))
    return Owed(StartTls(), b"220 2.0.0 Ready to start TLS\r\n", Phase.HANDSHAKE)


def _auth(arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    if not terms.requires_auth:
        return ProtocolFault(Reply(502, "5.5.1", "AUTH is not offered here"))
    if not standing.is_tls:
        return ProtocolFault(Reply(538, "5.7.11", "Encryption is required for authentication: say STARTTLS first"))
    if standing.has_authenticated:
        return ProtocolFault(Reply(503, "5.5.1", "Already authenticated"))
    event = commands.parse_auth(arguments)
    return ProtocolFault(event) if isinstance(event, Reply) else owe_login(event)


def owe_login(event: Event) -> Owed:
    return Owed(event, b"235 2.7.0 Authenticated\r\n", Phase.READY)


def _mail(arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    if terms.requires_tls and not standing.is_tls:
        return ProtocolFault(_TLS_FIRST)
    if terms.requires_auth and not standing.has_authenticated:
        return ProtocolFault(Reply(530, "5.7.0", "Authentication required"))
    event = commands.parse_mail(
        arguments, extended=standing.is_extended, tls=standing.is_tls, limit=terms.max_message_size
    )
    return ProtocolFault(event) if isinstance(event, Reply) else Owed(event, _SENDER_ACCEPTED, Phase.SENDER)


def _rcpt(arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    standing.has_offered_recipients = True
    if standing.recipients >= terms.max_recipients:
        return Answered(Reply(452, "4.5.3", f"More than {terms.max_recipients} recipients: send the rest separately"))
    event = commands.parse_rcpt(arguments, extended=standing.is_extended, smtputf8=standing.smtputf8)
    return ProtocolFault(event) if isinstance(event, Reply) else Owed(event, _RECIPIENT_ACCEPTED, Phase.RECIPIENTS)


def _data(arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    if arguments:
        return ProtocolFault(Reply(501, "5.5.4", "DATA has no parameters"))
    return Owed(BodyBegins(chunked=False), _SEND_MESSAGE, Phase.DATA)


def _bdat(arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    size = commands.parse_chunk_size(arguments)
    return ProtocolFault(size, closes=True) if isinstance(size, Reply) else size


def _reset(arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    standing.phase = TRANSITIONS[standing.phase]["RSET"]
    return Answered(Reply(250, "2.0.0", "Reset"), Reset())


def _quit(arguments: str, standing: Standing, terms: ServerTerms) -> Judgement:
    standing.phase = Phase.CLOSED
    return Answered(Reply(221, "2.0.0", "Goodbye"), Quit())


_JUDGES: dict[str, Callable[[str, Standing, ServerTerms], Judgement]] = {
    "EHLO": lambda arguments, standing, terms: _hello(arguments, standing, terms, extended=True),
    "HELO": lambda arguments, standing, terms: _hello(arguments, standing, terms, extended=False),
    "STARTTLS": _starttls,
    "AUTH": _auth,
    "MAIL": _mail,
    "RCPT": _rcpt,
    "DATA": _data,
    "BDAT": _bdat,
    "RSET": _reset,
    "QUIT": _quit,
    "EXPN": lambda *_: ProtocolFault(Reply(502, "5.5.1", "Lists are not expanded here")),
}

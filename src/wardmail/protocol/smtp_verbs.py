"""The commands: what each may be followed by, how long it may be, and how its arguments are judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True)
class ServerTerms:
    """What this server offers and bears. Sizes in octets; a receiver for the open Internet requires nothing."""

    host_name: str
    max_message_size: int = 52_428_800
    max_recipients: int = 1000
    offers_starttls: bool = True
    requires_tls: bool = True
    requires_auth: bool = True
    offers_dsn: bool = True
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


class Owed(NamedTuple):
    """The caller must give a verdict on `event`; if it is yes, `reply` is sent and the dialogue stands at `phase`."""

    event: Event
    reply: bytes
    phase: Phase


class Answered(NamedTuple):
    """No verdict needed: `reply` is sent at once."""

    reply: Reply
    event: Event | None = None


Judgement = Owed | Answered | commands.ChunkSize | ProtocolFault
Judge = Callable[[str, Standing, ServerTerms], Judgement]


def _hello(arguments: str, standing: Standing, terms: ServerTerms, *, extended: bool) -> Judgement:
    event = commands.parse_hello(arguments, extended=extended)
    if isinstance(event, Reply):
        return ProtocolFault(event)
    lines = [terms.host_name]
    if extended:
        lines += ["PIPELINING", f"SIZE {terms.max_message_size}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        lines += ["DSN", "CHUNKING"] if terms.offers_dsn else ["CHUNKING"]
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


def _answer(code: int, text: str) -> Judge:
    answered = Answered(Reply(code, "2.0.0", text))
    return lambda *_: answered


@dataclass(frozen=True, slots=True)
class Verb:
    """One command. `limit` in octets with CRLF (RFC 5321 section 4.5.3.1.4 and the extensions).

    `out_of_order` says what to do instead where the phase does not allow it; empty for what is always welcome.
    `must_be_last`: nothing may follow in the same flight (RFC 2920 section 3.1; what follows STARTTLS is dropped).
    `is_idle`: brings no message nearer, and is counted.
    """

    judge: Judge
    out_of_order: str = ""
    limit: int = 512
    must_be_last: bool = False
    is_idle: bool = True


VERBS: dict[str, Verb] = {
    "MAIL": Verb(
        _mail,
        "Say EHLO first, and finish one message before the next",
        512 + 26 + 17 + 10 + 9 + 107 + 506 + 11,  # SIZE, BODY, SMTPUTF8, RET, ENVID, AUTH, REQUIRETLS
        is_idle=False,
    ),
    "RCPT": Verb(_rcpt, "Say MAIL first", 512 + 29 + 506, is_idle=False),  # NOTIFY, ORCPT
    "DATA": Verb(_data, "Give a recipient first; BDAT and DATA do not mix", must_be_last=True, is_idle=False),
    "BDAT": Verb(_bdat, is_idle=False),
    "QUIT": Verb(_quit, is_idle=False),
    "EHLO": Verb(partial(_hello, extended=True), must_be_last=True),
    "HELO": Verb(partial(_hello, extended=False), must_be_last=True),
    "STARTTLS": Verb(_starttls, "Say EHLO first, and start TLS outside a message"),
    "AUTH": Verb(
        _auth, "Authenticate once, after EHLO and outside a message", commands.AUTH_LINE_LIMIT, must_be_last=True
    ),
    "RSET": Verb(_reset),
    "NOOP": Verb(_answer(250, "Nothing done")),
    "HELP": Verb(_answer(214, "RFC 5321 describes what is spoken here")),
    "VRFY": Verb(_answer(252, "Not verified: send a message to find out")),
    "EXPN": Verb(lambda *_: ProtocolFault(Reply(502, "5.5.1", "Lists are not expanded here"))),
}
_NONE_ACCEPTED = Answered(Reply(554, "5.5.1", "No recipient was accepted"))
_ANYTHING_ELSE = Verb(lambda *_: ProtocolFault(Reply(500, "5.5.1", "Unknown command")))
_NOT_SMTP = Verb(lambda *_: ProtocolFault(Reply(554, "5.5.1", "This is an SMTP server"), closes=True))


def find_verb(name: str) -> Verb:
    verb = VERBS.get(name)
    if verb is None:
        return _NOT_SMTP if commands.is_of_another_protocol(name) else _ANYTHING_ELSE
    return verb


def out_of_order(verb: Verb, standing: Standing) -> Judgement:
    if verb is VERBS["DATA"] and standing.phase is Phase.SENDER and standing.has_offered_recipients:
        return _NONE_ACCEPTED
    return ProtocolFault(Reply(503, "5.5.1", verb.out_of_order))

"""Reads the arguments of one command line: what comes back is an event, or the reply that says what is wrong."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from wardmail.protocol.address import InvalidAddress, parse_path
from wardmail.protocol.reply import Reply
from wardmail.protocol.smtp_events import AuthStart, Hello, MailFrom, RcptTo
from wardmail.protocol.smtp_parameters import RcptParameters, parse_mail_parameters, parse_rcpt_parameters

AUTH_LINE_LIMIT = 12288  # RFC 4954 section 4.5.3
MECHANISMS = ("SCRAM-SHA-256", "PLAIN", "LOGIN")
_FOREIGN_VERBS = frozenset(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"])
_NO_PARAMETERS = RcptParameters()
_SYNTAX = Reply(501, "5.5.4", "Arguments missing or not understood")


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """BDAT, not yet an event: `size` octets follow the line."""

    size: int
    is_last: bool


def is_of_another_protocol(verb: str) -> bool:
    """HTTP sent at us by a browser that somebody abuses: a request line, or one of its header fields."""
    return verb in _FOREIGN_VERBS or verb.endswith(":")


def parse_hello(arguments: str, *, extended: bool) -> Hello | Reply:
    if not arguments or " " in arguments or len(arguments) > 255:
        return Reply(501, "5.5.4", "Give one host name or address literal")
    return Hello(arguments, extended)


def parse_auth(arguments: str) -> AuthStart | Reply:
    mechanism, _, initial = arguments.partition(" ")
    mechanism = mechanism.upper()
    if mechanism not in MECHANISMS:
        return Reply(504, "5.5.4", f"Mechanism not offered: use one of {', '.join(MECHANISMS)}")
    if not initial:
        return AuthStart(mechanism, None)
    if initial == "=":
        return AuthStart(mechanism, b"")
    decoded = parse_base64(initial)
    return decoded if isinstance(decoded, Reply) else AuthStart(mechanism, decoded)


def parse_base64(text: str) -> bytes | Reply:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        return Reply(501, "5.5.2", "Not base64: authentication ended")


def encode_base64(octets: bytes) -> bytes:
    return binascii.b2a_base64(octets, newline=False)


def parse_mail(arguments: str, *, extended: bool, tls: bool, limit: int) -> MailFrom | Reply:
    path = _split_path(arguments, "FROM:")
    if path is None:
        return Reply(501, "5.5.4", "Write MAIL FROM:<address>")
    text, rest = path
    parameters = parse_mail_parameters(rest)
    if isinstance(parameters, Reply):
        return parameters
    if (rest and not extended) or (parameters.require_tls and not tls):
        return Reply(555, "5.5.4", "Parameters must be offered before they are used")
    if parameters.size > limit:
        return Reply(552, "5.3.4", f"The message is larger than {limit} octets")
    sender = parse_path(text, allow_smtputf8=parameters.smtputf8) if text else None
    if isinstance(sender, InvalidAddress):
        return Reply(553, "5.1.7", f"Sender refused: {sender.reason}")
    return MailFrom(
        sender,
        parameters.size,
        parameters.ret,
        parameters.envid,
        parameters.eight_bit,
        parameters.smtputf8,
        parameters.require_tls,
    )


def parse_rcpt(arguments: str, *, extended: bool, smtputf8: bool) -> RcptTo | Reply:
    path = _split_path(arguments, "TO:")
    if path is None:
        return Reply(501, "5.5.4", "Write RCPT TO:<address>")
    text, rest = path
    parameters = parse_rcpt_parameters(rest, smtputf8=smtputf8) if rest else _NO_PARAMETERS
    if isinstance(parameters, Reply):
        return parameters
    if rest and not extended:
        return Reply(555, "5.5.4", "Parameters must be offered before they are used")
    address = parse_path(text, allow_smtputf8=smtputf8)
    if isinstance(address, InvalidAddress):
        return Reply(553, "5.1.3", f"Recipient refused: {address.reason}")
    return RcptTo(address, parameters.notify, parameters.orcpt)


def parse_chunk_size(arguments: str) -> ChunkSize | Reply:
    size, space, last = arguments.partition(" ")
    if not (size.isascii() and size.isdigit() and len(size) <= 12) or (space and last.upper() != "LAST"):
        return _SYNTAX
    return ChunkSize(int(size), bool(last))


def _split_path(arguments: str, prefix: str) -> tuple[str, str] | None:
    """What stands between the angle brackets, and the parameters. A blank after the colon is common, and harmless."""
    if arguments[: len(prefix)].upper() != prefix:
        return None
    path = arguments[len(prefix) :].lstrip(" ")
    if not path.startswith("<"):
        return None
    end = _closing_bracket(path)
    rest = path[end + 1 :]
    if end < 0 or (rest and rest[0] != " "):
        return None
    return path[1:end], rest.strip(" ")


def _closing_bracket(path: str) -> int:
    """A quoted local part may hold a bracket."""
    if '"' not in path:
        return path.find(">")
    is_quoted = is_escaped = False
    for place, letter in enumerate(path):
        if is_escaped:
            is_escaped = False
        elif letter == "\\" and is_quoted:
            is_escaped = True
        elif letter == '"':
            is_quoted = not is_quoted
        elif letter == ">" and not is_quoted:
            return place
    return -1

"""Builds header fields that nobody can inject into, and the trace fields that a gateway adds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from wardmail.model.message import TlsSession

_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search
_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}").fullmatch
_UNFIT_FOR_TRACE = re.compile(r"[^A-Za-z0-9.:\[\]_-]")
_ID = re.compile(r"[A-Za-z0-9._-]{1,200}").fullmatch
_LONGEST_LINE = 998
_FOLD_AT = 78

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def field(name: str, value: str) -> bytes:
    """`Name: value` with CRLF, folded at blanks, UTF-8 if not ASCII.

    Raises ValueError for a name that is none, and for a value with CR, LF, NUL or another control character, or with
    a word longer than a line may be (RFC 5322 2.1.1).
    """
    if not _FIELD_NAME(name):
        raise ValueError("not a header field name")
    if _CONTROL(value):
        raise ValueError(f"a control character in the value of {name}")
    line = f"{name}: {value}".encode()
    return (line if len(line) <= _FOLD_AT else _folded(name, line)) + b"\r\n"


def _folded(name: str, line: bytes) -> bytes:
    lines: list[bytes] = []
    while len(line) > _FOLD_AT:
        # Not before the first word: a first line that holds only the name is legal, but old readers lose it.
        cut = line.rfind(b" ", len(name) + 2 if not lines else 1, _FOLD_AT)
        if cut < 0:
            cut = line.find(b" ", _FOLD_AT)
        if cut < 0 or not line[cut:].strip():
            break
        lines.append(line[:cut])
        line = line[cut:]
    lines.append(line)
    if any(len(folded) > _LONGEST_LINE for folded in lines):
        raise ValueError(f"a word of {name} is longer than a line may be")
    return b"\r\n".join(lines)


def rfc5322_date(at: float) -> str:
    """Seconds since the epoch as `Sat, 22 Nov 2025 10:00:00 +0000` (always UTC)."""
    when = datetime.fromtimestamp(int(at), UTC)
    return (
        f"{_DAYS[when.weekday()]}, {when.day} {_MONTHS[when.month - 1]} {when.year:04} "
        f"{when.hour:02}:{when.minute:02}:{when.second:02} +0000"
    )


def date_field(at: float) -> bytes:
    return f"Date: {rfc5322_date(at)}\r\n".encode("ascii")


def message_id_field(unique: str, host: str) -> bytes:
    """`unique` is the caller's own identifier: letters, digits, dot, hyphen, underscore. Raises ValueError."""
    if not _ID(unique) or not _ID(host):
        raise ValueError("a Message-ID is made of an identifier and a host name")
    return f"Message-ID: <{unique}@{host}>\r\n".encode("ascii")


def resent_fields(author: str, at: float, unique: str, host: str) -> tuple[bytes, bytes, bytes]:
    """What goes on top of a message that is put into the mail again, which stays as it is (RFC 5322 3.6.6).

    Raises ValueError for an author that is no header text, and as `message_id_field` does.
    """
    resent = f"Resent-Date: {rfc5322_date(at)}\r\n".encode("ascii")
    return resent, field("Resent-From", author), b"Resent-" + message_id_field(unique, host)


def received_field(
    *,
    helo: str,
    peer: str,
    host: str,
    message_id: str,
    at: float,
    protocol: str = "ESMTPSA",
    tls: TlsSession | None = None,
) -> bytes:
    """A Received field (RFC 5321 4.4); `protocol` is a registered WITH word. What the peer called itself is cleaned.

    Without a peer nobody handed it in: it says by whom and when alone (RFC 5322 3.6.7).
    """
    said = _UNFIT_FOR_TRACE.sub("?", helo)[:255] or "unknown"
    address = _UNFIT_FOR_TRACE.sub("?", peer)
    literal = f"IPv6:{address}" if ":" in address else address
    if not _ID(message_id) or not _ID(host):
        raise ValueError("a Received field needs an identifier and a host name")
    if not peer:
        return f"Received: by {host} id {message_id};\r\n\t{rfc5322_date(at)}\r\n".encode("ascii")
    secured = f"\r\n\t({_UNFIT_FOR_TRACE.sub('?', tls.version)} {_UNFIT_FOR_TRACE.sub('?', tls.cipher)})" if tls else ""
    return (
        f"Received: from {said} ([{literal}])\r\n\tby {host} with {protocol} id {message_id}{secured};\r\n"
        f"\t{rfc5322_date(at)}\r\n"
    ).encode("ascii")

"""Reads the parameters of MAIL and RCPT: SIZE, BODY, SMTPUTF8, REQUIRETLS, AUTH and the DSN wishes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from wardmail.protocol.reply import Reply

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*").fullmatch  # RFC 3461 section 4
_UNITEXT = re.compile(r"(?:[!-*,-<>-~\u0080-\U0010ffff]|\+[0-9A-F]{2})*").fullmatch  # RFC 6533 section 3
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9-]+").fullmatch
P = TypeVar("P", bound="MailParameters | RcptParameters")

_NOTIFY = frozenset({"SUCCESS", "FAILURE", "DELAY"})


@dataclass(slots=True)
class MailParameters:
    """What stood after the path of MAIL; `size` in octets, 0 when not declared."""

    size: int = 0
    ret: str | None = None
    envid: str | None = None
    eight_bit: bool = False
    smtputf8: bool = False
    require_tls: bool = False


@dataclass(slots=True)
class RcptParameters:
    """What stood after the path of RCPT."""

    notify: frozenset[str] = field(default_factory=frozenset)
    orcpt: str | None = None
    smtputf8: bool = False


def parse_mail_parameters(text: str) -> MailParameters | Reply:
    return _parse(text, MailParameters(), _MAIL_PARAMETERS)


def parse_rcpt_parameters(text: str, *, smtputf8: bool) -> RcptParameters | Reply:
    return _parse(text, RcptParameters(smtputf8=smtputf8), _RCPT_PARAMETERS)


def _parse(text: str, into: P, known: dict[str, Callable[[P, str | None], bool]]) -> P | Reply:
    seen = set()
    for word in text.split(" "):
        if not word:
            continue
        name, equals, value = word.partition("=")
        name = name.upper()
        read = known.get(name)
        if read is None:
            return Reply(555, "5.5.4", "Unknown parameter: use only those that the answer to EHLO offers")
        if name in seen:
            return Reply(501, "5.5.4", f"Parameter {name} was given twice")
        if not read(into, value if equals else None):
            return Reply(501, "5.5.4", f"Parameter {name} has a value that cannot be understood")
        seen.add(name)
    return into


def _size(into: MailParameters, value: str | None) -> bool:
    if value is None or not (value.isascii() and value.isdigit() and len(value) <= 20):
        return False
    into.size = int(value)
    return True


def _body(into: MailParameters, value: str | None) -> bool:
    into.eight_bit = value is not None and value.upper() == "8BITMIME"
    return into.eight_bit or (value is not None and value.upper() == "7BIT")


def _smtputf8(into: MailParameters, value: str | None) -> bool:
    into.smtputf8 = value is None
    return into.smtputf8


def _require_tls(into: MailParameters, value: str | None) -> bool:
    into.require_tls = value is None
    return into.require_tls


def _ret(into: MailParameters, value: str | None) -> bool:
    into.ret = value.upper() if value else None
    return into.ret in {"FULL", "HDRS"}


def _envid(into: MailParameters, value: str | None) -> bool:
    into.envid = value
    return bool(value) and len(value or "") <= 100 and _XTEXT(value or "") is not None


def _auth(into: MailParameters, value: str | None) -> bool:
    """RFC 4954 section 5: understood, and not believed."""
    return bool(value) and len(value or "") <= 500 and (value == "<>" or _XTEXT(value or "") is not None)


def _notify(into: RcptParameters, value: str | None) -> bool:
    into.notify = frozenset((value or "").upper().split(","))
    return into.notify == {"NEVER"} or into.notify <= _NOTIFY


def _orcpt(into: RcptParameters, value: str | None) -> bool:
    into.orcpt = value
    kind, semicolon, address = (value or "").partition(";")
    allowed = _UNITEXT if into.smtputf8 and kind.lower() == "utf-8" else _XTEXT
    return bool(semicolon and address and len(address) <= 500 and _ADDRESS_TYPE(kind) and allowed(address))


_MAIL_PARAMETERS: dict[str, Callable[[MailParameters, str | None], bool]] = {
    "SIZE": _size,
    "BODY": _body,
    "SMTPUTF8": _smtputf8,
    "REQUIRETLS": _require_tls,
    "RET": _ret,
    "ENVID": _envid,
    "AUTH": _auth,
}
_RCPT_PARAMETERS: dict[str, Callable[[RcptParameters, str | None], bool]] = {"NOTIFY": _notify, "ORCPT": _orcpt}

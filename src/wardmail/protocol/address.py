"""Strict, linear-time parsing of mailbox addresses: from a path, from a person, and from an address header field.

Decisions that keep one address from meaning two things to two programs (SHARE-2):
a quoted local part may not hide blanks, controls, or the signs of routing and of lists, and comments, source routes and
address literals are refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from wardmail.model.address import Address
from wardmail.protocol.domain import LABEL, InvalidDomain, has_foreign_digit, parse_domain

_ATOM = r"[A-Za-z0-9#$&'*+/=?^_`{|}~-]+"
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{LABEL}\.)+(?![0-9]+\Z){LABEL})").fullmatch
_ATOM_OR_UTF8 = re.compile(r"[A-Za-z0-9#$&'*+/=?^_`{|}~\u0080-\U0010ffff-]+").fullmatch
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"@').match

_LONGEST_PATH = 254  # RFC 5321 4.5.3.1.3 with its erratum 1690: 256 octets with the angle brackets
_LONGEST_LOCAL = 64


@dataclass(frozen=True, slots=True)
class InvalidAddress:
    """Why a text is no address that we would send to: a sentence for people, without the address itself."""

    reason: str


def parse_path(text: str, *, allow_smtputf8: bool, allow_single_label: bool = False) -> Address | InvalidAddress:
    """What stands between `<` and `>` in MAIL or RCPT (RFC 5321 4.1.2); the null path is the caller's affair."""
    match = _PLAIN(text)
    if match is not None and len(text) <= _LONGEST_PATH and match.end(1) <= _LONGEST_LOCAL:
        domain = match[2].lower()
        if "xn--" not in domain:
            return Address(match[1], domain)
    return _parse_with_reasons(text, allow_smtputf8, allow_single_label)


def parse_address(text: str, *, allow_smtputf8: bool = True) -> Address | InvalidAddress:
    """An address that a person typed or a table holds: blanks around it are forgiven, nothing else is."""
    return parse_path(text.strip(" \t\r\n\u00a0"), allow_smtputf8=allow_smtputf8)


def _parse_with_reasons(text: str, allow_smtputf8: bool, allow_single_label: bool) -> Address | InvalidAddress:
    problem = _problem_of_whole(text)
    if problem:
        return InvalidAddress(problem)
    quoted = _QUOTED(text)
    if quoted is not None:
        local, domain = text[: quoted.end() - 1], text[quoted.end() :]
        problem = _problem_of_quoted(quoted[1])
    else:
        local, _, domain = text.rpartition("@")
        problem = _problem_of_local(local)
    if not problem and not local.isascii():
        problem = _problem_of_utf8_local(local, allow_smtputf8)
    if not problem and len(local.encode()) > _LONGEST_LOCAL:
        problem = f"The part before the @ is longer than {_LONGEST_LOCAL} octets."
    if problem:
        return InvalidAddress(problem)
    checked = parse_domain(domain, allow_single_label=allow_single_label)
    if isinstance(checked, InvalidDomain):
        return InvalidAddress(checked.reason)
    if len(local.encode()) + 1 + len(checked) > _LONGEST_PATH:
        return InvalidAddress(f"The address is longer than {_LONGEST_PATH} octets.")
    return Address(local, checked)


def _problem_of_whole(text: str) -> str:
    if not text:
        return "The address is empty."
    if len(text) > _LONGEST_PATH:
        return f"The address is longer than {_LONGEST_PATH} octets."
    if any(unicodedata.category(character)[0] == "C" for character in text):
        return "The address contains a control or invisible character."
    if text[0] == "@":
        return "Source routes (@host:user@host) are not accepted: give the plain address."
    if "@" not in text:
        return "The address has no @."
    return ""


def _problem_of_quoted(content: str) -> str:
    if not content:
        return "The quoted part before the @ is empty."
    if any(character in "@%!<>()[],:;" or character.isspace() for character in content):
        return "A quoted part before the @ may not contain blanks or any of @ % ! < > ( ) [ ] , : ;"
    return ""


def _problem_of_local(local: str) -> str:
    found = next((sentence for sign, sentence in _UNWELCOME.items() if sign in local), "")
    if found:
        return found
    if not local:
        return "Nothing stands before the @."
    if any(character.isspace() for character in local):
        return "The address contains a blank."
    atoms = local.split(".")
    if not all(atoms):
        return "The part before the @ starts or ends with a dot, or has two dots together."
    if not all(map(_ATOM_OR_UTF8, atoms)):
        return "The part before the @ contains a character that is not allowed there."
    return ""


_UNWELCOME = {
    "@": "The address has more than one @.",
    "%": "Routing with % is not accepted: give the plain address.",
    "!": "Routing with ! is not accepted: give the plain address.",
    "(": "Comments are not accepted in an address.",
    '"': "The quotation marks do not form one quoted part before the @.",
}


def _problem_of_utf8_local(local: str, allow_smtputf8: bool) -> str:
    if not allow_smtputf8:
        return "The part before the @ is not ASCII, and internationalised mail (SMTPUTF8) was not asked for."
    if unicodedata.normalize("NFKC", local) != local or has_foreign_digit(local):
        return "The part before the @ uses look-alike forms (full-width, decomposed or non-ASCII digits)."
    return ""


@dataclass(frozen=True, slots=True)
class MailboxBudget:
    """How much of an address field is read before it is refused as too long."""

    octets: int = 64 * 1024
    mailboxes: int = 1000


_DEFAULT_BUDGET = MailboxBudget()
_ONE_PLAIN_MAILBOX = re.compile(r"""(?:"[^"\\\x00-\x1f\x7f]*" *|[A-Za-z0-9 .'_-]*)<([^<>"(),;:\x00- ]+)>""").fullmatch
_TOKEN = re.compile(r'[ \t]+|"(?:[^"\\\r\n]|\\[^\r\n])*"|[^\x00- "(),.:;<>@\[\\\]\x7f]+|[,.:;<>@\[\]]').match
_COMMENT_PIECE = re.compile(r"[^()\\\r\n]+|\\[^\r\n]|[()]").match
_SPECIALS = frozenset(",.:;<>@[]")


def parse_mailboxes(
    header_value: bytes | str, *, budget: MailboxBudget = _DEFAULT_BUDGET
) -> tuple[Address, ...] | InvalidAddress:
    """The mailboxes of a From, Sender, To or Cc field (RFC 5322 3.4), display names and group names dropped.

    Folding, comments and empty list elements are read; an address must be written without blanks or comments inside.
    An empty group gives an empty tuple; an empty field is invalid.
    """
    if len(header_value) > budget.octets:
        return InvalidAddress(f"The address field is longer than {budget.octets} octets.")
    try:
        text = header_value.decode() if isinstance(header_value, bytes) else header_value
    except UnicodeDecodeError:
        return InvalidAddress("The address field holds 8-bit text that is not UTF-8.")
    text = text.replace("\r\n ", " ").replace("\r\n\t", "\t").strip(" \t\r\n")
    plain = _ONE_PLAIN_MAILBOX(text)
    if plain is not None:
        only = parse_path(plain[1], allow_smtputf8=True)
        return only if isinstance(only, InvalidAddress) else (only,)
    tokens = _tokens(text)
    return tokens if isinstance(tokens, InvalidAddress) else _MailboxReader(text, tokens, budget.mailboxes).read()


def _tokens(text: str) -> list[tuple[int, int]] | InvalidAddress:
    """Where each word, quoted string and special stands; blanks and comments fall away."""
    found: list[tuple[int, int]] = []
    position = 0
    while position < len(text):
        if text[position] == "(":
            position = _end_of_comment(text, position)
            if not position:
                return InvalidAddress("A comment in the address field is not closed.")
            continue
        match = _TOKEN(text, position)
        if match is None:
            return InvalidAddress("The address field holds a character that does not belong there.")
        if text[position] not in " \t":
            found.append(match.span())
        position = match.end()
    return found


def _end_of_comment(text: str, position: int) -> int:
    """Where the comment that opens at `position` ends, or 0 when it never does; comments nest."""
    depth = 0
    while match := _COMMENT_PIECE(text, position):
        position = match.end()
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return position
    return 0


class _MailboxReader:
    """Reads an address list from left to right: each token is looked at once."""

    def __init__(self, text: str, tokens: list[tuple[int, int]], limit: int) -> None:
        self._text = text
        self._tokens = tokens
        self._limit = limit
        self._pending: list[tuple[int, int]] = []
        self._mailboxes: list[Address] = []
        self._in_group = False
        self._after_angle = False
        self._elements = 0

    def read(self) -> tuple[Address, ...] | InvalidAddress:
        position = 0
        while position < len(self._tokens):
            start, end = self._tokens[position]
            sign = self._text[start:end]
            position += 1
            if sign == "<":
                close = self._position_of_close(position)
                problem = self._angle(self._tokens[position:close]) if close >= 0 else "A < in the field is not closed."
                position = close + 1
            elif sign in _SEPARATORS:
                problem = self._separator(sign)
            else:
                problem = "Text stands after an address in the field." if self._after_angle else ""
                self._pending.append((start, end))
            if problem:
                return InvalidAddress(problem)
        problem = "A group in the address field is not closed with ;." if self._in_group else self._element()
        if not problem and not self._elements:
            problem = "The address field holds no address."
        return InvalidAddress(problem) if problem else tuple(self._mailboxes)

    def _position_of_close(self, position: int) -> int:
        for index in range(position, len(self._tokens)):
            sign = self._text[self._tokens[index][0]]
            if sign == ">":
                return index
            if sign in "<;":
                break
        return -1

    def _angle(self, inside: list[tuple[int, int]]) -> str:
        if self._after_angle:
            return "Two addresses in the field are not separated by a comma."
        if not self._is_phrase(self._pending):
            return "The name before < needs quotation marks."
        self._pending = []
        self._after_angle = True
        return self._mailbox(inside)

    def _separator(self, sign: str) -> str:
        if sign == ":":
            if self._in_group or self._after_angle or not self._pending or not self._is_phrase(self._pending):
                return "A : stands in the address field where no group begins."
            self._in_group = True
            self._elements += 1
            self._pending = []
            return ""
        if sign == ";" and not self._in_group:
            return "Addresses in the field are separated by ; and not by a comma."
        if sign == ";":
            self._in_group = False
        return self._element()

    def _element(self) -> str:
        """An element of the list ends here."""
        pending, self._pending = self._pending, []
        self._after_angle = False
        return self._mailbox(pending) if pending else ""

    def _mailbox(self, tokens: list[tuple[int, int]]) -> str:
        self._elements += 1
        if self._elements > self._limit:
            return f"The address field holds more than {self._limit} addresses."
        written = self._text[tokens[0][0] : tokens[-1][1]] if tokens else ""
        address = parse_path(written, allow_smtputf8=True)
        if isinstance(address, InvalidAddress):
            return address.reason
        self._mailboxes.append(address)
        return ""

    def _is_phrase(self, tokens: list[tuple[int, int]]) -> bool:
        return all(self._text[start] == "." or self._text[start] not in _SPECIALS for start, _ in tokens)


_SEPARATORS = frozenset(",;:")

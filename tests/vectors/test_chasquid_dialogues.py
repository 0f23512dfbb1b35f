"""chasquid's SMTP dialogues, played to our core as a receiver that asks for neither TLS nor a log-in.

Wording and exact codes are theirs: what must agree is the kind of reply (2xx, 3xx, 4xx, 5xx), in the same order.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import pytest

from wardmail.protocol.smtp_events import AuthStart, Signal
from wardmail.protocol.smtp_server import SmtpServer
from wardmail.protocol.smtp_verbs import ServerTerms

_HERE = Path(os.environ.get("WARDMAIL_VECTORS") or Path(__file__).parents[3] / "shared" / "vectors") / "smtp"
_SCRIPTS = sorted(_HERE.glob("*.cmy")) if _HERE.is_dir() else []

_OTHERWISE_HERE = {
    "auth_multi_dialog": "log-ins belong to their user data base; ours are in tests/dialogues",
    "auth_too_many_failures": "the third malformed log-in closes there; here malformed ones count as faults (20)",
    "bad_data": "RCPT without angle brackets is taken there; and a malformed header is the outbound walk's to judge",
    "bad_data_dot": "RCPT without angle brackets is taken there",
    "bad_data_dot_2": "RCPT without angle brackets is taken there",
    "bad_data_dot_on_message_too_big": "RCPT without angle brackets is taken there",
    "data_dot_stuffing": "RCPT without angle brackets is taken there",
    "message_too_big": "RCPT without angle brackets is taken there",
    "sendmail": "RCPT without angle brackets is taken there",
}
_LENIENT = {
    "bad_data_dot", "bad_data_dot_2", "bad_data_dot_on_message_too_big", "data_dot_stuffing", "message_too_big",
    "sendmail",
}  # fmt: skip
"""Of these only the brackets are in the way: they are put in, and the rest must agree."""


class _Server:
    """The far end of a script."""

    def __init__(self) -> None:
        terms = ServerTerms("testserver", 1024 * 1024, requires_auth=False, requires_tls=False)
        self._core = SmtpServer(terms)
        self._core.greet()
        self._lines: list[bytes] = []

    def send(self, octets: bytes) -> None:
        self._core.feed(octets)
        while not isinstance(event := self._core.next_event(), Signal):
            assert not isinstance(event, AuthStart)
            if self._core.awaits_verdict:
                self._core.accept()

    def next_line(self) -> bytes:
        self._lines += self._core.take_output().splitlines()
        return self._lines.pop(0)


@pytest.mark.skipif(not _SCRIPTS, reason=f"no vectors at {_HERE}")
def test_the_list_of_differences_is_about_scripts_that_exist() -> None:
    assert set(_OTHERWISE_HERE) <= {path.stem for path in _SCRIPTS}


@pytest.mark.parametrize(
    "path",
    [path for path in _SCRIPTS if path.stem not in _OTHERWISE_HERE or path.stem in _LENIENT],
    ids=lambda path: path.stem,
)
def test_dialogue(path: Path) -> None:
    server = _Server()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("c "):
            continue
        kind, _, rest = line[2:].partition(" ")
        if kind in {"tcp_connect", "tls_connect"}:
            server = _Server()
        elif kind == "->":
            server.send(
                rest.replace("RCPT TO: user@testserver", "RCPT TO:<user@testserver.example>").encode() + b"\r\n"
            )
        elif kind == "~>":
            server.send(_evaluate(rest))
        elif kind == "<...":
            while rest.encode() not in server.next_line():
                pass
        elif kind in {"<~", "<-"}:
            reply = server.next_line().decode()
            assert reply[0] == rest[0], f"line {number}: {reply} instead of {rest}"


def _evaluate(expression: str) -> bytes:
    """Their scripts hold Python: only literals, `+` and `*` of it, so only those are read."""
    return str(_value(ast.parse(expression, mode="eval").body)).encode()


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.BinOp(op=ast.Add()):
            return _value(node.left) + _value(node.right)
        case ast.BinOp(op=ast.Mult()):
            return _value(node.left) * _value(node.right)
    raise ValueError(ast.dump(node))

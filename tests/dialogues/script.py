r"""Reads `*.smtp` scripts: what a client sends, what the server must answer, and what must be stored in the end.

# a comment
-- implicit                TLS from the first octet (otherwise the dialogue begins in the clear)
-- terms max_recipients=2  other terms than the usual
C: RSET                    a line, CRLF is added; lines that follow one another go out in one flight
C> a\r\n\{3 xy}            raw octets with escapes; \{3 xy} is xyxyxy
S: 250-SIZE *              a line of the reply (`*` is anything); continuation lines that are not named are ignored
S: 250 HELP                the last line of the reply
-- starttls                TLS begins (after S: 220)
-- login                   everything up to a successful AUTH PLAIN
-- closed                  the server has closed
-- stored 1                so many messages have reached the desk
-- sender / recipients / message / helo / options / notify: what the last one of them must be
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_REPEAT = re.compile(r"\\\{(\d+) (.*?)\}")


@dataclass(frozen=True)
class Send:
    octets: bytes


@dataclass(frozen=True)
class Expect:
    """Patterns for one reply: the last one for its last line."""

    patterns: tuple[str, ...]


@dataclass(frozen=True)
class Do:
    word: str
    argument: str


Step = Send | Expect | Do


@dataclass(frozen=True)
class Script:
    steps: tuple[Step, ...]
    terms: dict[str, int]
    is_implicit: bool


def read_script(path: Path) -> Script:
    steps: list[Step] = []
    terms: dict[str, int] = {}
    reply: list[str] = []
    is_implicit = False
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, rest = line[:2], line[3:]
        if kind in {"C:", "C>"}:
            octets = rest.encode() + b"\r\n" if kind == "C:" else unescape(rest)
            if steps and isinstance(steps[-1], Send):
                octets = steps.pop().octets + octets
            steps.append(Send(octets))
        elif kind == "S:":
            reply.append(rest)
            if rest[3:4] != "-":
                steps.append(Expect(tuple(reply)))
                reply.clear()
        elif kind == "--":
            word, _, argument = rest.partition(" ")
            if word == "terms":
                terms.update((name, int(value)) for name, value in (item.split("=") for item in argument.split()))
            elif word == "implicit":
                is_implicit = True
            else:
                steps.append(Do(word, argument))
        elif line and not line.startswith("#"):
            raise ValueError(f"{path.name}: cannot read {line!r}")
    return Script(tuple(steps), terms, is_implicit)


def unescape(text: str) -> bytes:
    repeated = _REPEAT.sub(lambda found: found[2] * int(found[1]), text)
    return repeated.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")

"""Reads the parameters of Content-Type and Content-Disposition in every way in which a client might (RFC 2045, 2231)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

_LARGEST_VALUE = 16 * 1024
_MOST_PARAMETERS = 200
_SIMPLE = re.compile(
    rb"[ \t]*;[ \t]*([A-Za-z0-9_.-]+)=(?:([^\x00-\x20\"()<>@,;:\\/\[\]?=\x7f-\xff]+)|\"([^\"\\\r\n]*)\")"
)
_NAME = re.compile(rb"[ \t]*([^\s=;\"]+?)[ \t]*(?:\([^()]*\)[ \t]*)?=[ \t]*")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*+)("?)', re.DOTALL)
_BARE = re.compile(rb"[^;]*+")
_SECTION = re.compile(r"(.+?)\*(?:(\d{1,4})(\*?))?")
_COMMENT = re.compile(rb"\([^()]*\)")


@dataclass(frozen=True, slots=True)
class Structured:
    """`main` is in lower case; each parameter has its readings, the one of the standard first."""

    main: str
    readings: dict[str, tuple[bytes, ...]] = field(default_factory=dict)

    def first(self, name: str) -> bytes:
        return next(iter(self.readings.get(name, ())), b"")


def read_structured(value: bytes) -> Structured:
    """Never raises; what is not a parameter is passed over."""
    value = value[:_LARGEST_VALUE]
    head, semicolon, _ = value.partition(b";")
    main = _main(head)
    if not semicolon:
        return Structured(main)
    collected: dict[str, list[bytes]] = {}
    position = len(head)
    for _ in range(_MOST_PARAMETERS):
        simple = _SIMPLE.match(value, position)
        if simple is not None and value[simple.end() : simple.end() + 1] in (b"", b";"):
            plain = simple[2] if simple[3] is None else simple[3]
            collected.setdefault(simple[1].decode("ascii").lower(), []).append(plain)
            position = simple.end()
        else:
            position = _read_odd(value, position, collected)
        if position >= len(value):
            break
    return Structured(main, _with_continuations(collected))


def _main(head: bytes) -> str:
    if b"(" in head:
        head = _COMMENT.sub(b"", head)
    return b"".join(head.split()).strip(b'"').lower().decode("latin-1")


def _read_odd(value: bytes, position: int, collected: dict[str, list[bytes]]) -> int:
    """A parameter that is not written plainly: each way of reading it is kept."""
    position += value[position : position + 1] == b";"
    name = _NAME.match(value, position)
    if name is None:
        following = value.find(b";", position)
        return len(value) if following < 0 else following
    readings, end = _odd_value(value, name.end())
    collected.setdefault(name[1].decode("latin-1").lower(), []).extend(readings)
    return end


def _odd_value(value: bytes, position: int) -> tuple[list[bytes], int]:
    quoted = _QUOTED.match(value, position)
    if quoted is not None and quoted[2]:
        inner = re.sub(rb"\\(.)", rb"\1", quoted[1], flags=re.DOTALL)
        bare = _BARE.match(value, quoted.end())
        end = bare.end() if bare else quoted.end()
        rest = _COMMENT.sub(b"", value[quoted.end() : end]).strip()
        readings = [inner] if inner == quoted[1] else [inner, quoted[1]]
        if rest:
            readings += [inner + rest, value[position:end].strip()]
        return readings, end
    bare = _BARE.match(value, position)
    end = bare.end() if bare else len(value)
    whole = value[position:end].strip()
    if quoted is not None:
        return [whole[1:].strip(), whole], end
    without = _COMMENT.sub(b"", whole).strip() if b"(" in whole else whole
    readings = [without.split()[0] if without.split() else b"", without, whole]
    return list(dict.fromkeys(readings)), end


def _with_continuations(collected: dict[str, list[bytes]]) -> dict[str, tuple[bytes, ...]]:
    """RFC 2231: `name*0`, `name*1*`, `name*`; where plain ones stand beside them, both are kept."""
    merged: dict[str, list[bytes]] = {}
    if any("*" in name for name in collected):
        sections: dict[str, dict[int, tuple[bool, bytes]]] = {}
        for name, values in collected.items():
            _sort_extended(name, values, merged, sections)
        for base, numbered in sections.items():
            merged.setdefault(base, []).append(_joined(numbered))
    for name, values in collected.items():
        if "*" not in name:
            merged.setdefault(name, []).extend(values)
    return {name: tuple(dict.fromkeys(values)) for name, values in merged.items()}


def _sort_extended(
    name: str,
    values: list[bytes],
    merged: dict[str, list[bytes]],
    sections: dict[str, dict[int, tuple[bool, bytes]]],
) -> None:
    match = _SECTION.fullmatch(name)
    if match is None:
        return
    if match[2] is None:
        merged.setdefault(match[1], []).extend(_extended(value) for value in values)
        return
    for value in values:
        sections.setdefault(match[1], {}).setdefault(int(match[2]), (bool(match[3]), value))


def _joined(numbered: dict[int, tuple[bool, bytes]]) -> bytes:
    pieces: list[bytes] = []
    charset = b""
    for number in sorted(numbered):
        encoded, value = numbered[number]
        if encoded and not pieces and value.count(b"'") >= 2:
            charset, _, value = value.split(b"'", 2)
        pieces.append(unquote_to_bytes(value) if encoded else value)
    return _in_utf8(charset, b"".join(pieces))


def _extended(value: bytes) -> bytes:
    if value.count(b"'") < 2:
        return unquote_to_bytes(value)
    charset, _, text = value.split(b"'", 2)
    return _in_utf8(charset, unquote_to_bytes(text))


def _in_utf8(charset: bytes, octets: bytes) -> bytes:
    if octets.isascii():
        return octets
    try:
        return octets.decode(charset.decode("ascii") or "utf-8").encode("utf-8", "replace")
    except (LookupError, ValueError):
        return octets

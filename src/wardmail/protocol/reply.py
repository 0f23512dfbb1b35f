"""Replies that a server sends: a code, an enhanced status code, and words that cannot break the line they stand on."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.refusal import Refusal

_LONGEST_TEXT = 480  # RFC 5321 section 4.5.3.1.5: 512 octets for the whole line


@dataclass(frozen=True, slots=True)
class Reply:
    """`status` is an enhanced status code (RFC 3463), or empty where RFC 2034 forbids one (220, 250 to EHLO, 334…)."""

    code: int
    status: str
    text: str

    def encode(self) -> bytes:
        words = f"{self.status} {_harmless(self.text)}" if self.status else _harmless(self.text)
        return f"{self.code} {words}\r\n".encode("ascii", "replace")


def from_refusal(refusal: Refusal) -> Reply:
    """Only what is public goes over the wire."""
    return Reply(refusal.code, refusal.status, refusal.public)


def encode_lines(code: int, lines: list[str]) -> bytes:
    """A reply of several lines without status codes (EHLO)."""
    last = len(lines) - 1
    return "".join(f"{code}{' ' if n == last else '-'}{line}\r\n" for n, line in enumerate(lines)).encode("ascii")


def _harmless(text: str) -> str:
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text[:_LONGEST_TEXT]

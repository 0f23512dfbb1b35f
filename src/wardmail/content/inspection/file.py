"""One file as the looks see it, and what a look may say about it."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.content.mime.leaf import Spending
from wardmail.model.inspection import Finding


@dataclass(frozen=True, slots=True)
class File:
    """`names` are all readings of its name, `kind` the detected type; `is_body` says that a client shows it as the text."""

    path: str
    names: tuple[str, ...]
    declared: str
    kind: str
    octets: bytes
    depth: int = 0
    charset: str = ""
    is_body: bool = False

    @property
    def name(self) -> str:
        return self.names[0] if self.names else ""

    @property
    def extension(self) -> str:
        return extension_of(self.name)


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a file. `is_message` says that it is to be read as a message, whatever it looks like.

    `is_page` says that the message is opened by a browser or by Word (MHTML, RFC 2557), so that its text runs as theirs.
    """

    name: str
    octets: bytes
    is_message: bool = False
    is_page: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """`shown` is the text that people see, empty where there is none of its own."""

    target: str
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """What people read, for the findings that depend on words."""

    words: str


Sign = Finding | Member | Link | Text


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a look may still spend; counted, not timed, so that the same message always gives the same answer."""

    spending: Spending

    def member(self, octets: int) -> bool:
        return self.spending.part() and self.spending.octets(octets)

    @property
    def left(self) -> int:
        return max(0, self.spending.limits.decoded - self.spending.decoded)


def extension_of(name: str) -> str:
    """In lower case, without the dot; of `a.exe. ` it is exe, as Windows reads it."""
    base = name.replace("\\", "/").rpartition("/")[2].rstrip(". \t\0\u00a0")
    stem, dot, extension = base.rpartition(".")
    return extension.lower() if dot and stem + extension else ""

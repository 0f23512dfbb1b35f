"""Takes parts out of a message and puts a notice in their place; no other octet changes (RECV-3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wardmail.content.mime.leaf import Leaf
from wardmail.content.mime.reader import read_message

_SIGNED = frozenset(("multipart/signed",))


@dataclass(frozen=True, slots=True)
class Stripped:
    """`removed` are the names of what was taken out; `was_signed` says that a signature no longer holds."""

    message: bytes
    removed: tuple[str, ...]
    was_signed: bool


@dataclass(frozen=True, slots=True)
class CannotStrip:
    """Why the parts cannot be taken out alone: a sentence for people. The message must be kept back whole."""

    reason: str


def strip(message: bytes, paths: Sequence[str], notice: str) -> Stripped | CannotStrip:
    """`paths` as in `Verdict.strip`; `notice` is ASCII text without anything of the message, `{name}` is the file's name.

    What stands within something encoded is taken out with the whole of it.
    """
    leaves, spending = read_message(message)
    placed = {leaf.path: leaf for leaf in leaves}
    if any(fault.startswith("budget-") for fault, _ in spending.faults):
        return CannotStrip("The message is too large or too deep to take parts out of it.")
    chosen: dict[tuple[int, int], Leaf] = {}
    for path in paths:
        leaf = _holder(path, placed)
        if leaf is None or leaf.span is None:
            return CannotStrip(f"Part {path} does not stand by itself in the message.")
        chosen[leaf.span] = leaf
    spans = _outermost(sorted(chosen))
    if any(span[0] == 0 for span in spans):
        return CannotStrip("The message is nothing but what would have to be taken out.")
    ending = b"\r\n" if b"\r\n" in message else b"\n"
    result = message
    for span in reversed(spans):
        result = result[: span[0]] + _notice(notice, chosen[span], ending) + result[span[1] :]
    if _still_finds(result, chosen.values()):
        return CannotStrip("What was to be taken out could still be found in another place of the message.")
    names = tuple(leaf.names[0] if leaf.names else leaf.declared or "a part" for leaf in chosen.values())
    return Stripped(result, names, _is_signed(message, placed))


def _still_finds(message: bytes, removed: Iterable[Leaf]) -> bool:
    gone = {leaf.octets for leaf in removed if leaf.octets}
    return any(leaf.octets in gone for leaf in read_message(message)[0])


def _holder(path: str, placed: dict[str, Leaf]) -> Leaf | None:
    """The nearest part at or around `path` that stands in the message itself."""
    while path:
        leaf = placed.get(path)
        if leaf is not None and leaf.span is not None:
            return leaf
        cut = max(path.rfind("/"), path.rfind("."), path.rfind("~"))
        path = path[: max(cut, 0)]
    return None


def _outermost(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for span in spans:
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _notice(notice: str, leaf: Leaf, ending: bytes) -> bytes:
    name = leaf.names[0] if leaf.names else "a part without a name"
    plain = "".join([letter if letter.isascii() and letter.isprintable() else "?" for letter in name[:100]])
    text = ending.join(line.encode("ascii", "replace") for line in notice.replace("{name}", plain).splitlines())
    head = (
        b"Content-Type: text/plain; charset=us-ascii",
        b"Content-Transfer-Encoding: 7bit",
        b"Content-Disposition: inline",
    )
    # A line that begins with two hyphens could be taken for a delimiter.
    return ending.join((*head, b"", text.replace(ending + b"--", ending + b" --")))


def _is_signed(message: bytes, placed: dict[str, Leaf]) -> bool:
    return any(leaf.parent in _SIGNED for leaf in placed.values()) or b"\nDKIM-Signature:" in message[: 64 * 1024]

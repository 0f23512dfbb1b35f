"""Decodes one leaf in each way in which programs might, and finds the files that stand in its text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from wardmail.content.mime.fields import Head
from wardmail.content.mime.leaf import Leaf, Spending
from wardmail.content.mime.parameters import Structured, read_structured
from wardmail.content.mime.transfer import (
    IDENTITY,
    UU_NAMES,
    Decoded,
    encoding_name,
    from_base64,
    from_quoted_printable,
    from_uuencode,
    looks_like_base64,
    uuencoded_in,
    yencoded_in,
)
from wardmail.content.mime.words import shown

_MOST_NAMES = 8
_MOST_ENCODINGS = 4


def leaves_of(head: Head, types: list[Structured], raw: bytes, spending: Spending) -> Iterator[Leaf]:
    """Paths are relative: empty for the reading that most programs share, `~2` for another, `/name` for a file inside."""
    kind = types[0]
    disposition = _dispositions(head)
    names = _names(head, types, disposition)
    differ = len({each.main for each in disposition}) > 1
    too_many = len(names) > _MOST_NAMES or len(head.all("content-disposition")) > _MOST_NAMES
    faults = ["mime-duplicate-field"] if differ or too_many else []
    decodings = _decodings(head, kind.main, raw, faults)
    for number, octets in enumerate(decodings, start=1):
        if not spending.octets(len(octets)):
            return
        yield Leaf(
            path="" if number == 1 else f"~{number}",
            declared=kind.main,
            octets=octets,
            names=names[:_MOST_NAMES],
            disposition=disposition[0].main if disposition else "",
            charset=kind.first("charset").decode("latin-1").lower(),
            faults=tuple(faults) if number == 1 else (),
        )
    if decodings and _is_text(kind.main):
        yield from _within_text(decodings[0], spending)


def _dispositions(head: Head) -> list[Structured]:
    return [read_structured(value) for value in head.all("content-disposition")[:_MOST_NAMES]]


def _names(head: Head, types: list[Structured], dispositions: list[Structured]) -> tuple[str, ...]:
    """In the order of preference of most clients: the disposition's name, then the type's."""
    readings = [value for each in dispositions for value in each.readings.get("filename", ())]
    readings += [value for each in types for value in each.readings.get("name", ())]
    return tuple({name: None for value in readings if (name := shown(value).strip())})


def _decodings(head: Head, kind: str, raw: bytes, faults: list[str]) -> list[bytes]:
    named = [encoding_name(value) for value in head.all("content-transfer-encoding")] or [("", True)]
    meanings = {("7bit" if name in IDENTITY else name): proper for name, proper in named[:_MOST_ENCODINGS]}
    if len(meanings) > 1 or len(named) > _MOST_ENCODINGS:
        faults.append("mime-duplicate-field")
    found: dict[bytes, None] = {}
    for name, proper in meanings.items():
        result = _decoded(name, raw)
        if result is None:
            faults.append("mime-encoding-unknown")
            result = Decoded(raw, other=from_base64(raw).octets if looks_like_base64(raw) else None)
        elif not proper and result.octets != raw:
            faults.append("mime-encoding-ambiguous")
        faults += _weighed(result.faults, kind)
        found[result.octets] = None
        if result.other is not None:
            found[result.other] = None
    if list(meanings) == ["7bit"] and not _is_text(kind) and looks_like_base64(raw):
        found[from_base64(raw).octets] = None
    return list(found)


def _weighed(faults: tuple[str, ...], kind: str) -> list[str]:
    """What a mailing list appends to an encoded text is no trick; after an encoded file it is."""
    if not faults or not (_is_text(kind)):
        return list(faults)
    return ["mime-text-malformed"]


def _decoded(name: str, raw: bytes) -> Decoded | None:
    if name in IDENTITY:
        return Decoded(raw)
    if name == "base64":
        return from_base64(raw)
    if name == "quoted-printable":
        return from_quoted_printable(raw)
    if name in UU_NAMES:
        return from_uuencode(raw)
    if name == "x-yenc":
        return Decoded(next(yencoded_in(raw), (b"", raw))[1])
    return None


def _is_text(kind: str) -> bool:
    return not kind or kind.startswith("text/") or "/" not in kind


def _within_text(octets: bytes, spending: Spending) -> Iterator[Leaf]:
    for name, content in chain(uuencoded_in(octets), yencoded_in(octets)):
        if not (spending.part() and spending.octets(len(content))):
            return
        yield Leaf(f"/{shown(name)}", "", content, (shown(name),), disposition="attachment")
    if b"(This file must be converted with BinHex" in octets:
        spending.fault("mime-binhex")

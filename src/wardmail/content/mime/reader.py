"""Walks a message as every client at once: each part that any of them would find is given out, once.

Numbers are IMAP's (RFC 3501 6.4.5). A path with `~` is of a reading that not every client shares; a fault says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wardmail.content.mime.boundaries import (
    Span,
    Split,
    guessed_boundary,
    is_followed_by_field,
    split_at,
)
from wardmail.content.mime.fields import Head, read_head
from wardmail.content.mime.leaf import Leaf, Limits, Spending
from wardmail.content.mime.leaves import leaves_of
from wardmail.content.mime.parameters import Structured, read_structured
from wardmail.content.mime.transfer import IDENTITY, encoding_name, from_base64, from_quoted_printable, uuencoded_in
from wardmail.content.mime.words import shown

_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news", "message/rfc822-headers"})
_MOST_READINGS = 6
_MOST_LOOKED_BEYOND = 20
_LOOKED_AT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an entity stands: its octets, its path, the prefix of what is in it, and what is around it."""

    raw: bytes
    span: Span
    path: str
    prefix: str
    depth: int = 0
    outer: tuple[bytes, ...] = ()
    parent: str = ""
    default: str = ""
    is_original: bool = True

    def within(self, raw: bytes, span: Span, **changes: object) -> _Place:
        return replace(self, raw=raw, span=span, depth=self.depth + 1, **changes)  # type: ignore[arg-type]


def read_message(raw: bytes, limits: Limits | None = None) -> tuple[Iterator[Leaf], Spending]:
    """The leaves, lazily, and the account of what was spent, whose faults are complete once the leaves are taken."""
    spending = Spending(limits or Limits())
    return read_within(raw, spending, "", is_original=True), spending


def read_within(raw: bytes, spending: Spending, path: str, *, is_original: bool = False) -> Iterator[Leaf]:
    """The leaves of a message that was found in something else, as in an archive, on the same account."""
    if len(raw) > spending.limits.message:
        spending.fault("budget-message", path)
        return iter(())
    prefix = f"{path}/" if path else ""
    return _Reader(spending).entity(_Place(raw, (0, len(raw)), f"{prefix}1", prefix, is_original=is_original))


class _Reader:
    def __init__(self, spending: Spending) -> None:
        self.spending = spending
        self.multiparts = 0

    def entity(self, place: _Place) -> Iterator[Leaf]:
        if not self.spending.part():
            return
        if place.depth > self.spending.limits.depth:
            self.spending.fault("budget-depth", place.path)
            return
        head = read_head(place.raw, *place.span)
        faults = list(head.faults)
        types = self._types(head, place, faults)
        kind = types[0].main
        boundaries = _boundaries(types)
        is_multipart = any(each.main.startswith("multipart") for each in types)
        if is_multipart or (boundaries and self._has_parts(place, head, boundaries)):
            if not kind.startswith("multipart/"):
                faults.append("mime-type-ambiguous")
            yield from self._multipart(place, head, kind, boundaries, faults)
            others = [each for each in types if not each.main.startswith("multipart")]
            if others:
                yield from self._leaves(replace(place, path=f"{place.path}~2"), head, others, [])
        elif kind in _MESSAGES:
            yield from self._nested(place, head, types[0], faults)
        else:
            yield from self._leaves(place, head, types, faults)

    def _types(self, head: Head, place: _Place, faults: list[str]) -> list[Structured]:
        values = head.all("content-type")
        types = [read_structured(value) for value in values[:_MOST_READINGS]]
        differ = len({(each.main, each.readings.get("boundary", ())) for each in types}) > 1
        if differ or len(values) > _MOST_READINGS:
            faults.append("mime-duplicate-field")
        if any(field.spaced for field in head.fields if field.name.startswith("content-")):
            faults.append("mime-header-ambiguous")
        return types or [Structured(place.default)]

    def _has_parts(self, place: _Place, head: Head, boundaries: list[bytes]) -> bool:
        found = [split_at(place.raw, head.body_at, place.span[1], each) for each in boundaries]
        return any(split is not None and split.parts for split in found)

    # -- multiparts

    def _multipart(
        self, place: _Place, head: Head, kind: str, boundaries: list[bytes], faults: list[str]
    ) -> Iterator[Leaf]:
        place = replace(place, parent=kind, default="message/rfc822" if kind == "multipart/digest" else "")
        for fault in faults:
            self.spending.fault(fault, place.path)
        body: Span = (head.body_at if head.or_at is None else min(head.or_at, head.body_at), place.span[1])
        splits = self._splits(place, body, boundaries)
        if any(boundary in place.outer or _closes_an_outer(boundary, place.outer) for boundary in boundaries):
            self.spending.fault("mime-boundary-reused", place.path)
        yield from self._beyond(place, boundaries)
        if not any(split.parts or split.late for _, split in splits):
            yield from self._without_parts(place, head, body, boundaries)
            return
        if len(splits) > 1:
            self.spending.fault("mime-boundary-ambiguous", place.path)
        yield from self._read_splits(place, splits)

    def _splits(self, place: _Place, body: Span, boundaries: list[bytes]) -> list[tuple[bytes, Split]]:
        found: list[tuple[bytes, Split]] = []
        seen: set[tuple[Span, ...]] = set()
        if len(boundaries) > _MOST_READINGS:
            self.spending.fault("mime-boundary-ambiguous", place.path)
        for boundary in boundaries[:_MOST_READINGS]:
            split = split_at(place.raw, *body, boundary)
            if split is not None and (spans := tuple(split.parts + split.late)) not in seen:
                seen.add(spans)
                found.append((boundary, split))
        return found

    def _beyond(self, place: _Place, boundaries: list[bytes]) -> Iterator[Leaf]:
        """Delimiters of this multipart after the end that the one around it gives it: some programs read on there."""
        self.multiparts += 1
        if not place.outer or self.multiparts > _MOST_LOOKED_BEYOND:
            return
        start = place.span[1]
        for boundary in boundaries[:_MOST_READINGS]:
            split = None if boundary in place.outer else split_at(place.raw, start, len(place.raw), boundary)
            if split is None or not split.parts or _declares(place.raw, split.preamble, boundary):
                continue
            self.spending.fault("mime-boundary-reused", place.path)
            prefix = f"{place.prefix}~beyond."
            inner = place.within(place.raw, (start, len(place.raw)), prefix=prefix)
            yield from self._read_split(inner, split, (*place.outer, *boundaries), set())

    def _without_parts(self, place: _Place, head: Head, body: Span, boundaries: list[bytes]) -> Iterator[Leaf]:
        """No delimiter of the declared boundary: the body may be encoded, or clients may guess the boundary."""
        encoding = encoding_name(head.first("content-transfer-encoding"))[0]
        if encoding in {"base64", "quoted-printable"}:
            raw = place.raw[slice(*body)]
            octets = (from_base64(raw) if encoding == "base64" else from_quoted_printable(raw)).octets
            inner = place.within(octets, (0, len(octets)), is_original=False)
            splits = self._splits(inner, inner.span, boundaries)
            if splits and self.spending.octets(len(octets)):
                self.spending.fault("mime-encoded-multipart", place.path)
                yield from self._read_splits(inner, splits)
                return
        guess = guessed_boundary(place.raw, *body)
        split = split_at(place.raw, *body, guess) if guess else None
        if split is not None:
            self.spending.fault("mime-boundary-missing", place.path)
            yield from self._read_splits(place, [(guess, split)])
            return
        self.spending.fault("mime-multipart-empty", place.path)
        yield from self._leaves(place, head, [Structured("")], [])

    def _read_splits(self, place: _Place, splits: list[tuple[bytes, Split]]) -> Iterator[Leaf]:
        seen: set[Span] = set()
        outer = (*place.outer, *(boundary for boundary, _ in splits))
        for number, (_, split) in enumerate(splits):
            prefix = place.prefix if number == 0 else f"{place.prefix}~{number + 1}."
            yield from self._read_split(replace(place, prefix=prefix), split, outer, seen)

    def _read_split(self, place: _Place, split: Split, outer: tuple[bytes, ...], seen: set[Span]) -> Iterator[Leaf]:
        self._note_faults(place, split, outer)
        regions = [span for span in split.parts + split.late if span[0] < span[1]]
        for number, span in enumerate(regions, start=1):
            if span in seen:
                continue
            seen.add(span)
            path = f"{place.prefix}{number}"
            yield from self.entity(place.within(place.raw, span, path=path, prefix=f"{path}.", outer=outer))
        for name, span in (("~before", split.preamble), ("~after", split.epilogue)):
            yield from self._outside(place, span, f"{place.prefix}{name}", outer)
        for number, (position, line) in enumerate(split.odd):
            if not self._is_explained(place, line, outer) and is_followed_by_field(place.raw, position, place.span[1]):
                self.spending.fault("mime-boundary-ambiguous", place.path)
                start = place.raw.find(b"\n", position) + 1 or place.span[1]
                path = f"{place.prefix}~odd{number + 1}"
                yield from self.entity(
                    place.within(place.raw, (start, place.span[1]), path=path, prefix=f"{path}.", outer=outer)
                )

    def _is_explained(self, place: _Place, line: bytes, outer: tuple[bytes, ...]) -> bool:
        """A longer boundary that an inner multipart declares is no trick."""
        inner = line.removesuffix(b"--")
        start, stop = place.span
        return inner in outer or _declares(place.raw, (start, min(stop, start + _LOOKED_AT)), inner)

    def _note_faults(self, place: _Place, split: Split, outer: tuple[bytes, ...]) -> None:
        if split.too_many:
            self.spending.fault("budget-parts", place.path)
        if split.by_bare_cr:
            self.spending.fault("mime-bare-cr", place.path)
        if not split.closed:
            self.spending.fault("mime-not-closed", place.path)
        if any(is_followed_by_field(place.raw, span[0] - 2, span[1]) for span in split.late if span[0] < span[1]):
            self.spending.fault("mime-parts-after-end", place.path)

    def _outside(self, place: _Place, span: Span, path: str, outer: tuple[bytes, ...]) -> Iterator[Leaf]:
        """Parts and files where the standard says that there is nothing to be shown."""
        if span[1] - span[0] < 20:
            return
        if any(field.name.startswith("content-") for field in read_head(place.raw, *span).fields):
            # Some programs take several delimiters in a row for one, the closing one too.
            self.spending.fault("mime-parts-after-end", place.path)
            yield from self.entity(place.within(place.raw, span, path=path, prefix=f"{path}.", outer=outer))
        guess = guessed_boundary(place.raw, *span)
        split = split_at(place.raw, *span, guess) if guess and guess not in outer else None
        if split is not None:
            self.spending.fault("mime-hidden-part", place.path)
            inner = place.within(place.raw, span, path=path, prefix=f"{path}.")
            yield from self._read_split(inner, split, (*outer, guess), set())
        for name, octets in uuencoded_in(place.raw[slice(*span)]):
            self.spending.fault("mime-hidden-part", place.path)
            if not (self.spending.part() and self.spending.octets(len(octets))):
                return
            yield Leaf(f"{path}/{shown(name)}", "", octets, (shown(name),), parent=place.parent)

    # -- messages and leaves

    def _nested(self, place: _Place, head: Head, kind: Structured, faults: list[str]) -> Iterator[Leaf]:
        span: Span = (head.body_at, place.span[1])
        inner = place.within(place.raw, span, path=f"{place.path}.1", prefix=f"{place.path}.", parent="", default="")
        encoding = encoding_name(head.first("content-transfer-encoding"))[0]
        if encoding not in IDENTITY:
            faults.append("mime-encoded-message")
            raw = place.raw[slice(*span)]
            octets = (from_base64(raw) if encoding == "base64" else from_quoted_printable(raw)).octets
            inner = replace(inner, raw=octets, span=(0, len(octets)), is_original=False)
        octets = inner.raw[slice(*inner.span)]
        if not self.spending.octets(len(octets)):
            return
        whole = next(leaves_of(replace(head, body_at=0), [kind], octets, Spending(self.spending.limits)), None)
        if whole is not None:
            yield self._placed(replace(whole, octets=octets, declared=kind.main, container=True), place, faults)
        yield from self.entity(inner)

    def _leaves(self, place: _Place, head: Head, types: list[Structured], faults: list[str]) -> Iterator[Leaf]:
        octets = place.raw[head.body_at : place.span[1]]
        for leaf in leaves_of(head, types, octets, self.spending):
            yield self._placed(leaf, place, faults)
            faults = []
        if head.or_at is not None:
            octets = place.raw[head.or_at : place.span[1]]
            for leaf in leaves_of(head, types, octets, self.spending):
                yield self._placed(replace(leaf, path=f"~or{leaf.path}"), place, [])

    def _placed(self, leaf: Leaf, place: _Place, faults: list[str]) -> Leaf:
        return replace(
            leaf,
            path=place.path + leaf.path,
            parent=place.parent,
            faults=tuple(dict.fromkeys((*faults, *leaf.faults))),
            span=place.span if place.is_original else None,
        )


def _boundaries(types: list[Structured]) -> list[bytes]:
    """Each reading, and without blanks at its end (RFC 2046 allows none there, so some programs drop them)."""
    found: dict[bytes, None] = {}
    for kind in types:
        for reading in kind.readings.get("boundary", ()):
            for variant in (reading, reading.rstrip(b" \t"), reading.strip()):
                if variant:
                    found[variant] = None
            if b"=?" in reading:
                found[shown(reading).encode()] = None
    return list(found)


def _closes_an_outer(boundary: bytes, outer: tuple[bytes, ...]) -> bool:
    return any(boundary == each + b"--" or each == boundary + b"--" for each in outer)


def _declares(raw: bytes, span: Span, boundary: bytes) -> bool:
    return raw.find(b'"' + boundary + b'"', *span) >= 0 or raw.find(b"=" + boundary, *span) >= 0

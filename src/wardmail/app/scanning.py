"""Scans message files, in this process or in several, for the command that stands alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from wardmail.content.inspection import Context
from wardmail.edges.inspection_wire import inspection_record
from wardmail.edges.inspection_worker import BROKEN_DOWN, inspected
from wardmail.inbound.verdict import verdict
from wardmail.model.inspection import Inspection
from wardmail.model.verdict import Wishes


@dataclass(frozen=True, slots=True)
class Terms:
    """What a caller says about its own names and wishes."""

    own_domains: tuple[str, ...] = ()
    protected_names: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scanned:
    """`problem` says why the file cannot be read at all; then there is no record."""

    file: str
    record: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def scanned_each(files: Sequence[str], terms: Terms, jobs: int) -> Iterator[Scanned]:
    """In the order given. A process that dies over a file does not take the others with it: that file is then unreadable."""
    if jobs == 1 or len(files) < 2:
        yield from map(partial(scanned, terms=terms), files)
        return
    position = 0
    while position < len(files):
        with ProcessPoolExecutor(jobs) as pool:
            try:
                for result in pool.map(partial(scanned, terms=terms), files[position:], chunksize=1):
                    position += 1
                    yield result
            except BrokenProcessPool:
                # Which of the files in hand broke it nobody can say: this one is tried once more, by itself.
                yield _alone(files[position], terms)
                position += 1


def _alone(file: str, terms: Terms) -> Scanned:
    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(scanned, file, terms).result()
        except BrokenProcessPool:
            return Scanned(file, record_of(BROKEN_DOWN, terms))


def scanned(file: str, terms: Terms) -> Scanned:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        return Scanned(file, problem=error.strerror or type(error).__name__)
    seen = inspected(raw, Context(protected_names=terms.protected_names, own_domains=terms.own_domains))
    return Scanned(file, record_of(seen, terms))


def record_of(seen: Inspection, terms: Terms) -> dict[str, Any]:
    wishes = Wishes(
        allow=terms.allow, deny=terms.deny, protected_names=terms.protected_names, own_domains=terms.own_domains
    )
    judged = verdict(seen, None, (), wishes)
    return {"action": str(judged.action), "reasons": list(judged.reasons), **inspection_record(seen)}

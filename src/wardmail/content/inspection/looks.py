"""Which looks a file gets, by its type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wardmail.content.inspection.file import Allowance, File, Sign
from wardmail.content.inspection.names import look_at_names
from wardmail.content.inspection.types import look_at_type

Look = Callable[[File, Allowance], Iterator[Sign]]


def _names(file: File, _allowance: Allowance) -> Iterator[Sign]:
    yield from look_at_names(file)


def _types(file: File, _allowance: Allowance) -> Iterator[Sign]:
    yield from look_at_type(file)


_ALWAYS: tuple[Look, ...] = (_names, _types)
_BY_KIND: dict[str, tuple[Look, ...]] = {}


def looks_for(file: File) -> tuple[Look, ...]:
    return _ALWAYS + _BY_KIND.get(file.kind, ())

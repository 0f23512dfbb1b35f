"""All the different facts that one condition can tell apart: what lint tries a rule on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from itertools import islice, product
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from wardmail.model.address import Address
from wardmail.policy.codec import encode_part
from wardmail.policy.conditions import Condition
from wardmail.policy.facts import Facts, Known, Missing
from wardmail.policy.facts_codec import TYPICAL

MOST = 50_000
"""Combinations that are tried at the most."""


def worlds(condition: Condition) -> Iterator[Facts]:
    """Facts in which everything that the condition looks at takes every value that could matter to it."""
    words = _words(encode_part(condition))
    hints = get_type_hints(Facts)
    names = sorted(_looked_at(condition))
    values = [_values(hints[name], getattr(TYPICAL, name), words) for name in names]
    for combination in islice(product(*values), MOST):
        yield replace(TYPICAL, **dict(zip(names, combination, strict=True)))


class _Watched:
    """Facts that remember which of them were asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(TYPICAL, name)


def _looked_at(condition: Condition) -> set[str]:
    """Of a condition that combines others every part is asked: the answer of one must not hide the next."""
    parts = getattr(condition, "conditions", None) or (
        (inner,) if (inner := getattr(condition, "condition", None)) else ()
    )
    if parts:
        return set().union(*(_looked_at(part) for part in parts))
    watched = _Watched()
    condition.holds(cast(Facts, watched))
    return watched.asked


def _words(row: Any) -> set[str]:
    """Every text that the condition mentions: an address, a domain, a name."""
    if isinstance(row, dict):
        return set().union(*(_words(each) for each in row.values()))
    if isinstance(row, list):
        return set().union(*(_words(each) for each in row))
    return {row} if isinstance(row, str) else set()


def _values(kind: Any, typical: Any, words: set[str]) -> list[Any]:
    if get_origin(kind) in (Union, UnionType):
        return _of_union(get_args(kind), typical, words)
    if kind is bool:
        return [False, True]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)
    if kind is Address:
        return [typical, *_addresses(words)]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        each = [_values(hints[field.name], getattr(typical, field.name), words) for field in fields(kind)]
        return [cast(Any, kind)(*values) for values in islice(product(*each), MOST)]
    if kind is str:
        return [typical, *sorted(words)]
    return [typical]


def _of_union(parts: tuple[Any, ...], typical: Any, words: set[str]) -> list[Any]:
    if Missing in parts:
        inner = next(get_args(part)[0] for part in parts if get_origin(part) is Known)
        known = typical.value if isinstance(typical, Known) else None
        return [Missing("cannot tell"), *(Known(value) for value in _values(inner, known, words))]
    inner = next(part for part in parts if part is not type(None))
    return [None, *_values(inner, typical or "somebody", words)]


def _addresses(words: set[str]) -> list[Address]:
    found = []
    for word in sorted(words):
        local, _, domain = word.rpartition("@")
        found.append(Address(local or "someone", domain.replace("*", "any").lower()))
    return found

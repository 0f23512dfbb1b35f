"""Writes numbers in the text format that Prometheus reads (exposition format 0.0.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: `kind` is counter, gauge or histogram; `labels` in the order in which samples give their values."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Histogram:
    """`within` counts for each upper bound those that are above the one before; the last bound is infinite."""

    bounds: tuple[float, ...]
    within: tuple[float, ...]
    sum: float


Samples = Mapping[tuple[str, ...], float]


def written(family: Family, samples: Samples | Histogram) -> Iterator[str]:
    """The lines of one family, or none when there is nothing to say."""
    lines = list(_histogram(family, samples) if isinstance(samples, Histogram) else _samples(family, samples))
    if lines:
        yield f"# HELP {family.name} {family.help.translate(_ESCAPES)}\n"
        yield f"# TYPE {family.name} {family.kind}\n"
        yield from lines


def _samples(family: Family, samples: Samples) -> Iterator[str]:
    for values, number in sorted(samples.items()):
        yield _line(family.name, zip(family.labels, values, strict=True), number)


def _histogram(family: Family, found: Histogram) -> Iterator[str]:
    total = 0.0
    for bound, count in zip((*found.bounds, math.inf), found.within, strict=True):
        total += count
        yield _line(f"{family.name}_bucket", [("le", _number(bound))], total)
    yield _line(f"{family.name}_sum", [], found.sum)
    yield _line(f"{family.name}_count", [], total)


def _line(name: str, labels: Iterable[tuple[str, str]], number: float) -> str:
    inside = ",".join(f'{label}="{value.translate(_ESCAPES)}"' for label, value in labels)
    return f"{name}{{{inside}}} {_number(number)}\n" if inside else f"{name} {_number(number)}\n"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)

"""How long copies have waited, by domain: what a mail administrator looks at to see where it is stuck."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BUCKETS = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
"""Minutes: a copy is counted where it has waited less than that; the last place is for all others."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`domains` with most copies first; each count has one place more than BUCKETS."""

    domains: Mapping[str, Sequence[int]]

    @property
    def totals(self) -> Sequence[int]:
        return [sum(column) for column in zip(*self.domains.values(), strict=True)] or [0] * (len(BUCKETS) + 1)


def shape_of(ages: Iterable[tuple[str, float]]) -> Shape:
    """`ages`: domain and age in seconds of each copy."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
    for domain, age in ages:
        place = next((i for i, limit in enumerate(BUCKETS) if age < limit * 60), len(BUCKETS))
        counts[domain][place] += 1
    return Shape(dict(sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))))

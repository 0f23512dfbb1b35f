"""Numbers about what is stored, for pages. Everything here blocks, and costs the same however much is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from wardmail.model.figures import Copies, Counted


class Figures(Protocol):
    def copies(self, starts: Sequence[float]) -> Counted[tuple[Copies, ...]]:
        """By the period in which each came in; `starts` are the beginnings of the periods, oldest first."""
        ...

    def handed_in(self, since: float) -> Counted[Mapping[str, int]]:
        """Messages by integration."""
        ...

    def hits(self, since: float) -> Counted[Mapping[str, int]]:
        """By rule of the policy: on how many copies it spoke."""
        ...

    def last_uses(self) -> Mapping[str, float]:
        """By user name: when each credential last let somebody in."""
        ...

"""Our own sender domains: the keys that sign for them, and what was found when they were looked at. Blocking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from wardmail.model.own_domain import DomainReport


@dataclass(frozen=True, slots=True)
class DomainKey:
    """`state` is active or retired; `public` what p= of its record holds; `last_used` in seconds since the epoch."""

    domain: str
    selector: str
    algorithm: str
    state: str
    kept_in: str
    last_used: float | None
    public: bytes


class DomainKeys(Protocol):
    def all(self) -> Sequence[DomainKey]: ...


class DomainReports(Protocol):
    def all(self) -> Mapping[str, DomainReport]: ...

    def keep(self, report: DomainReport) -> None:
        """In place of an earlier one of the same domain."""
        ...

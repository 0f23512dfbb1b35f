"""Our own sender domains: the keys that sign for them, and what was found when they were looked at. Blocking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from wardmail.model.own_domain import DomainKey, DomainReport


class DomainKeys(Protocol):
    def all(self) -> Sequence[DomainKey]: ...


class DomainReports(Protocol):
    def all(self) -> Mapping[str, DomainReport]: ...

    def keep(self, report: DomainReport) -> None:
        """In place of an earlier one of the same domain."""
        ...

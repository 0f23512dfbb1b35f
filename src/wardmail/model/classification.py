"""How sensitive a message is, and what made us think so (SEC-2, SEC-4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Sensitivity(IntEnum):
    """Government security classifications, in rising order; -SENSITIVE marks OFFICIAL, and ranks above it here."""

    OFFICIAL = 1
    OFFICIAL_SENSITIVE = 2
    SECRET = 3
    TOP_SECRET = 4

    @property
    def label(self) -> str:
        """As people write it: `OFFICIAL-SENSITIVE`, `TOP SECRET`."""
        return "TOP SECRET" if self is Sensitivity.TOP_SECRET else self.name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Mark:
    """One reason for a level. `source` is safe to show and to log: it never quotes the message."""

    level: Sensitivity
    source: str


@dataclass(frozen=True, slots=True)
class Classification:
    """The level that counts (the highest mark: nothing lowers it) and every mark found."""

    level: Sensitivity
    marks: tuple[Mark, ...] = ()

    @property
    def is_sensitive(self) -> bool:
        return self.level >= Sensitivity.OFFICIAL_SENSITIVE

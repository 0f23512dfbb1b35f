"""A mailbox address, already parsed and checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One mailbox. `local` is kept as it was written (quoted if it was quoted); `domain` is lower-case A-labels."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Only the local part can need it: the domain is always carried as A-labels (RFC 6531 section 3.3)."""
        return not self.local.isascii()

"""What the log-in of people asks of the store and of the hashing of passwords. Everything here blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.login import Login, SecondProof, Session
from wardmail.model.person import Person


class PersonRecords(Protocol):
    def one(self, person: str) -> Person | None: ...


class Passwords(Protocol):
    """Costly on purpose: not more than two at a time, and never on the event loop."""

    @property
    def decoy(self) -> str:
        """A hash that nothing matches, for names that are not there: it takes as long."""
        ...

    def hash_of(self, password: str) -> str: ...

    def matches(self, kept: str, password: str) -> bool: ...


class Logins(Protocol):
    """Each change is one transaction with its event."""

    def find(self, person: str) -> Login | None: ...

    def open(self, session: Session, password_hash: str, proof: SecondProof) -> bool:
        """Use the proof up and begin the session; False when it was used before, the account is locked, or its
        password is no longer the one that was checked."""
        ...

    def fail(self, person: str, peer: str) -> bool:
        """Count a failure, also of a name that is nobody's; True when it locked the account and ended its sessions."""
        ...

    def session(self, token_hash: bytes) -> Session | None: ...

    def seen(self, token_hash: bytes) -> None: ...

    def close(self, session: Session) -> None: ...

    def sessions(self, person: str) -> Sequence[Session]: ...

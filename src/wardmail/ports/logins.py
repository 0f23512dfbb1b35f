"""What the log-in of people asks of the store and of the hashing of passwords. Everything here blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from wardmail.model.login import Login, SecondProof, SecurityKey, Session
from wardmail.model.person import Person

T = TypeVar("T")


class PersonRecords(Protocol):
    def one(self, person: str) -> Person | None: ...


class PeopleBook(PersonRecords, Protocol):
    def all(self) -> Mapping[str, Person]: ...

    def change(self, step: Callable[[Mapping[str, Person]], T | Person], actor: str, reason: str = "") -> T | Person:
        """`step` sees everybody as they are at that moment; the person whom it gives is kept, with the event, and logs
        in anew after it; other answers are given back."""
        ...


class SecondFactors(Protocol):
    """The secrets of authenticator apps."""

    def of(self, person: str) -> bytes | None: ...

    def has(self, person: str) -> bool: ...

    def put(self, person: str, secret: bytes) -> None: ...

    def forget(self, person: str) -> None: ...


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

    def close(self, session: Session, actor: str = "") -> None:
        """`actor`: who ends it, when it is not the session's own person."""
        ...

    def sessions(self, person: str) -> Sequence[Session]: ...

    def set_password(self, person: str, password_hash: str, actor: str, reason: str, instead_of: str = "") -> bool:
        """Also ends a lock and every session. False when it is no longer `instead_of` that it replaces."""
        ...

    def set_second_factor(
        self, person: str, recovery: Sequence[bytes], actor: str, reason: str, keep: Callable[[], None] | None = None
    ) -> None:
        """The security keys and recovery codes of before are void, and every session ends. `keep` puts the secret where
        it is kept, in the same turn: of two that are made at once, secret and codes are of one."""
        ...

    def set_recovery_codes(self, person: str, recovery: Sequence[bytes]) -> None: ...

    def unlock(self, person: str, actor: str, reason: str) -> None: ...

    def sign_out(self, person: str, actor: str, reason: str) -> int:
        """How many sessions ended."""
        ...

    def all(self) -> Mapping[str, Login]: ...

    def last_logins(self) -> Mapping[str, float]: ...


class SecurityKeys(Protocol):
    """Each change is one transaction with its event."""

    def of(self, person: str) -> Sequence[SecurityKey]: ...

    def add(self, key: SecurityKey) -> bool:
        """False when somebody has it already."""
        ...

    def remove(self, person: str, key: bytes) -> bool: ...


class SpentProofs(Protocol):
    def spend(self, proof: str, until: float) -> bool:
        """Remember something that may serve once; False when it has served before. Kept until `until`."""
        ...

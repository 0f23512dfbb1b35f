"""The register as people change it: each change is one transaction with its event. Everything here blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from wardmail.model.agreement import Agreement
from wardmail.model.integration import Credential, Integration
from wardmail.model.policy import PolicyVersion
from wardmail.model.register import Change, RegisterSnapshot

T = TypeVar("T")


class RegisterBook(Protocol):
    def snapshot(self) -> RegisterSnapshot: ...

    def change_integration(
        self, name: str, change: Callable[[Mapping[str, Integration]], T], made: Change
    ) -> T | Integration:
        """`change` sees all of them as they are at that moment; what it gives that is no record is given back."""
        ...

    def add_credential(self, record: Credential, actor: str) -> bool:
        """False when the user name is taken."""
        ...

    def save_credential(self, record: Credential, actor: str) -> None: ...


class AgreementBook(Protocol):
    def all(self) -> Mapping[str, Agreement]: ...

    def save(self, record: Agreement, kind: str, actor: str, reason: str) -> None: ...


class PolicyBook(Protocol):
    def all(self) -> Sequence[PolicyVersion]:
        """Oldest first."""
        ...

    def next_number(self) -> int: ...

    def save(self, versions: Sequence[PolicyVersion], kind: str, actor: str, reason: str) -> None: ...

"""The register as people change it: each change is one transaction with its event. Everything here blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from wardmail.model.agreement import Agreement
from wardmail.model.integration import Credential, Integration
from wardmail.model.policy import PolicyVersion
from wardmail.model.register import Added, Change, RegisterSnapshot

T = TypeVar("T")


class RegisterBook(Protocol):
    def snapshot(self) -> RegisterSnapshot: ...

    def change_integration(
        self, name: str, change: Callable[[Mapping[str, Integration]], T], made: Change
    ) -> T | Integration:
        """`change` sees all of them as they are at that moment; what it gives that is no record is given back."""
        ...

    def add_credential(self, record: Credential, actor: str, known: int | None = None) -> Added:
        """`known`: how many its integration had for whoever asks; of two who know the same number, one is served."""
        ...

    def change_credential(
        self, username: str, change: Callable[[Credential], Credential], actor: str
    ) -> Credential | None:
        """`change` sees it as it is at that moment; None: there is none."""
        ...


class AgreementBook(Protocol):
    def all(self) -> Mapping[str, Agreement]: ...

    def change(self, step: Callable[[Mapping[str, Agreement]], T], made: Change) -> T | Agreement:
        """`step` sees all of them as they are at that moment; the agreement that it gives is kept, other answers given back."""
        ...


class PolicyBook(Protocol):
    def all(self) -> Sequence[PolicyVersion]:
        """Oldest first."""
        ...

    def change(
        self, step: Callable[[Sequence[PolicyVersion]], Sequence[PolicyVersion] | T], made: Change
    ) -> Sequence[PolicyVersion] | T:
        """`step` sees all of them as they are at that moment; the versions that it gives are kept together."""
        ...

    def facts_since(self, since: float, most: int | None = None) -> Iterator[tuple[str, str, str, str]]:
        """Message ID, integration, recipient and stored facts of copies judged since then; `most` of the newest."""
        ...

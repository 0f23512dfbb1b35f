"""Domains, our own and others': the keys that sign for ours, and what was found when somebody looked. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from wardmail.model.aggregate_report import KeptReport, ReportKind, ReportPage
from wardmail.model.own_domain import DomainKey, DomainReport, KeyState, KnownDomain, ServerLook
from wardmail.model.stored import Full


class DomainKeys(Protocol):
    """Each change is an event in the actor's name. Every method raises Unavailable when the keystore does not answer."""

    def all(self) -> Sequence[DomainKey]: ...

    def make(self, domain: str, selector: str, algorithm: str, state: KeyState, actor: str) -> None: ...

    def take(self, domain: str, selector: str, reference: str, state: KeyState, actor: str) -> str:
        """Enter a key that stays in its store; its algorithm. Raises ValueError for one that must not sign."""
        ...

    def move(self, domain: str, selector: str, state: KeyState, actor: str) -> None: ...


class DomainReports(Protocol):
    def newest(self) -> Mapping[str, DomainReport]:
        """The last of each domain."""
        ...

    def of(self, domain: str, limit: int) -> Sequence[DomainReport]:
        """The newest first."""
        ...

    def keep(self, report: DomainReport) -> None:
        """Beside the earlier ones of the same domain; the oldest go when there are too many."""
        ...


class DomainBook(Protocol):
    """Domains that people put on record. Each change is an event in the actor's name."""

    def all(self) -> Mapping[str, KnownDomain]: ...

    def add(self, domain: KnownDomain) -> bool:
        """False, and nothing is changed, when it is there already."""
        ...

    def change(
        self, name: str, kind: str, actor: str, step: Callable[[KnownDomain], KnownDomain]
    ) -> KnownDomain | None:
        """`kind` is the event's; None: there is no such domain."""
        ...

    def remove(self, name: str, actor: str) -> bool: ...


class LookLimit(Protocol):
    def take(self, person: str) -> Full | None:
        """Count a look that this person asks for; or the ceiling that is in the way, and nothing is counted."""
        ...


class Selectors(Protocol):
    """Under which selectors other domains publish their DKIM keys, as far as their mail or a look showed."""

    def of(self, domain: str, limit: int) -> Sequence[str]:
        """Those of exactly this domain, the last seen first."""
        ...

    def note(self, domain: str, selectors: Sequence[str]) -> None:
        """There was a key of this domain under them now."""
        ...


class MailServers(Protocol):
    """Not blocking."""

    async def look(self, host: str, address: str) -> ServerLook:
        """Knock as a sender does, and send nothing. Never raises."""
        ...


class ReportBook(Protocol):
    """What others report about our domains."""

    def keep(self, report: KeptReport) -> bool:
        """False when it is there already. A claim never stands in the way of one whose sender is proved."""
        ...

    def page(self, kind: ReportKind, domain: str, since: float, limit: int, after: str = "") -> ReportPage:
        """Those whose period ended at `since` or later; `domain` empty: of all. Fewer than `limit` where they are large.

        Raises NoSuchPage for an `after` that is `following` of no page.
        """
        ...

"""What the log-in through an identity provider asks of the provider and of the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.login import Session
from wardmail.model.person import Person, Role
from wardmail.model.provider_login import Attempt, NotLetIn, ProvedSubject, ProviderWord
from wardmail.ports.logins import SpentProofs


class IdentityProvider(Protocol):
    """Every method raises Unavailable when the provider does not answer, or answers what cannot be used."""

    async def address_to_log_in(self, attempt: Attempt) -> str:
        """Where the browser goes."""
        ...

    async def redeem(self, code: str, attempt: Attempt, issuer: str | None) -> ProvedSubject | NotLetIn:
        """Whom the code stands for. `issuer` as the answer at the browser named it (RFC 9207)."""
        ...

    async def address_to_log_out(self) -> str:
        """Where the browser ends the provider's own session; empty when there is no such place."""
        ...


class ProviderLogins(SpentProofs, Protocol):
    """Blocks. Each change is one transaction with its event."""

    def person_of(self, subject: ProvedSubject) -> str:
        """Whom the subject stands for; empty when nobody."""
        ...

    def word_of(self, person: str) -> ProviderWord | None:
        """What a provider said last of them; None: they are tied to none."""
        ...

    def admit(self, session: Session, person: Person, subject: ProvedSubject) -> bool:
        """Keep the person as given, tie the subject to them and begin the session.

        False when the subject or the name was taken meanwhile, or the person has left.
        """
        ...

    def turn_away(self, subject: ProvedSubject, roles: Sequence[Role], code: str, peer: str) -> None:
        """Note it and the roles of the subject's groups, and end the sessions of whom it stands for.

        Without a role, the person's record has none any more either, unless they are the last owner.
        """
        ...

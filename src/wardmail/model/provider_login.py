"""How people log in through their organisation's identity provider (OpenID Connect), and what it says of them (SHARE-12)."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.person import Role

TENANT = "{tenantid}"
"""Stands in the issuer of a provider that serves many tenants, as Entra ID's `organizations` does."""


@dataclass(frozen=True, slots=True)
class ProviderTerms:
    """What must hold before somebody is let in. `roles` are pairs of a group, as the provider names it, and a role.

    One of `amr` or one of `acr` must be in the token, which proves a second factor; with neither set, the provider
    is trusted to ask for one by itself. `tenants` are those that may log in where the issuer serves many.
    """

    client_id: str
    roles: tuple[tuple[str, Role], ...] = ()
    subject_claim: str = "sub"
    groups_claim: str = "groups"
    amr: tuple[str, ...] = ()
    acr: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    takes_newcomers: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one log-in through the provider is bound to. All of it is worked out from a cookie that only we can make."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class ProvedSubject:
    """Whom a provider vouches for: `issuer` and `subject` never change; the name and user name may, and prove nothing."""

    issuer: str
    subject: str
    groups: frozenset[str]
    name: str = ""
    username: str = ""
    email: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class ProviderWord:
    """What a provider said last of a person: the roles of their groups, and when. `roles` None: they have not logged in by
    it since they were tied to it, so there is nothing but the record."""

    roles: tuple[Role, ...] | None
    at: float


@dataclass(frozen=True, slots=True)
class Unvouched:
    """Somebody whom their provider should vouch for, and has not since that moment: nobody knows whether it still would."""

    since: float


@dataclass(frozen=True, slots=True)
class NotLetIn:
    """`code` is stable; `words` and `to_do` are for the person at the browser and hold nothing of the token."""

    code: str
    words: str
    to_do: str = "Try again. If it stays so, tell the mail team the code below."

"""Lets a person in whom the organisation's identity provider vouches for, in the roles that their groups give (SHARE-12)."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from wardmail.manage.begun import LASTS, Beginnings, Begun
from wardmail.manage.integrations import BadInput
from wardmail.manage.log_in import Visitor, new_session
from wardmail.manage.people import checked_person
from wardmail.model.login import BY_PROVIDER
from wardmail.model.person import Person, Role
from wardmail.model.provider_login import Attempt, NotLetIn, ProvedSubject, ProviderTerms
from wardmail.ports import Clock, IdentityProvider, ProviderLogins
from wardmail.protocol.address import InvalidAddress, parse_address

NOT_BEGUN = NotLetIn(
    "WM-OIDC-STATE", "This log-in was not begun in this browser, or more than ten minutes ago.", "Log in again."
)
"""Nothing was guessed: any site can send a browser here with a made-up answer, and must not lock its whole address out."""

_USED = NotLetIn("WM-OIDC-USED", "This log-in was finished before.", "Log in again.")
_NO_ROLE = NotLetIn(
    "WM-OIDC-NO-ROLE",
    "Your account is known, but none of its groups has a role here.",
    "Ask an owner of the gateway which group you need.",
)
_REFUSED = NotLetIn("WM-OIDC-REFUSED", "The provider did not let you in, or you stopped the log-in.", "Log in again.")
_LEFT = NotLetIn(
    "WM-OIDC-LEFT", "The person whom your account stands for has left.", "Ask an owner of the gateway to add you."
)
_NOT_REGISTERED = NotLetIn(
    "WM-OIDC-NOT-REGISTERED", "Your account stands for nobody who works here.", "Ask an owner of the gateway."
)
_CHANGED = NotLetIn("WM-OIDC-CHANGED", "Your record was changed at the same moment.", "Log in again.")


class Everybody(Protocol):
    def all(self) -> Mapping[str, Person]: ...


@dataclass(frozen=True, slots=True)
class LetIn:
    """`goal` is the page that was wanted when the log-in began."""

    visitor: Visitor
    goal: str


class ProviderDesk:
    """Nothing is kept while somebody is at the provider: all that belongs together is worked out from one cookie."""

    def __init__(
        self, provider: IdentityProvider, logins: ProviderLogins, people: Everybody, terms: ProviderTerms, *,
        clock: Clock, pepper: bytes
    ) -> None:  # fmt: skip
        self._provider = provider
        self._logins = logins
        self._people = people
        self._terms = terms
        self._clock = clock
        self._beginnings = Beginnings("log-in by provider", pepper, clock)

    async def begin(self, goal: str) -> tuple[str, str]:
        """Where the browser goes, and the cookie that it must bring back. Raises Unavailable."""
        begun = self._beginnings.begin(goal)
        return await self._provider.address_to_log_in(_attempt(begun)), begun.cookie

    async def finish(self, cookie: str, answer: Mapping[str, str], peer: str) -> LetIn | NotLetIn:
        """`answer` are the fields with which the browser came back. Raises Unavailable."""
        begun, state = self._beginnings.opened(cookie), answer.get("state", "")
        if begun is None or not hmac.compare_digest(state.encode("utf-8", "replace"), begun.proof("state").encode()):
            return NOT_BEGUN
        if not await asyncio.to_thread(self._logins.spend, f"state {state}", self._clock.now() + LASTS):
            return _USED
        code = answer.get("code", "")
        if answer.get("error") or not code:
            return _REFUSED
        proved = await self._provider.redeem(code, _attempt(begun), answer.get("iss"))
        if isinstance(proved, NotLetIn):
            return proved
        let_in = await asyncio.to_thread(self._admit, proved, peer)
        return let_in if isinstance(let_in, NotLetIn) else LetIn(let_in, "".join(begun.parts))

    async def address_to_log_out(self) -> str:
        return await self._provider.address_to_log_out()

    def _admit(self, subject: ProvedSubject, peer: str) -> Visitor | NotLetIn:
        known, people = self._logins.person_of(subject), self._people.all()
        person = judged(subject, people.get(known), people, self._terms, self._clock.now())
        if isinstance(person, NotLetIn):
            self._logins.turn_away(subject, roles_of(subject.groups, self._terms), person.code, peer)
            return person
        visitor = new_session(person, self._clock.now(), peer, f"{BY_PROVIDER} {subject.how}".strip())
        return visitor if self._logins.admit(visitor.session, person, subject) else _CHANGED


def _attempt(begun: Begun) -> Attempt:
    return Attempt(*(begun.proof(what) for what in ("state", "nonce", "verifier")))


def judged(
    subject: ProvedSubject, known: Person | None, people: Mapping[str, Person], terms: ProviderTerms, now: float
) -> Person | NotLetIn:
    """The person as they are to be kept from now on: roles are what the groups give at this log-in."""
    if known is not None and not known.is_here:
        return _LEFT
    roles = roles_of(subject.groups, terms)
    if not roles:
        return _NO_ROLE
    if known is None and not terms.takes_newcomers:
        return _NOT_REGISTERED
    wanted = _newcomer(subject, people, now) if known is None else known
    checked = checked_person(replace(wanted, roles=roles), people)
    return NotLetIn("WM-OIDC-PERSON", checked.reason) if isinstance(checked, BadInput) else checked


def roles_of(groups: frozenset[str], terms: ProviderTerms) -> tuple[Role, ...]:
    """In the order of the house, each once."""
    given = {role for group, role in terms.roles if group in groups}
    return tuple(role for role in Role if role in given)


def _newcomer(subject: ProvedSubject, people: Mapping[str, Person], now: float) -> Person:
    """The names come from the provider and prove nothing: a name that is taken gets a number, and never its holder's record."""
    base = re.sub(r"[^a-z0-9._-]", "", subject.username.lower().partition("@")[0]).lstrip("0123456789._-")[:50]
    base = base if len(base) >= 2 else "person"
    name = next(each for each in (base, *(f"{base}-{n}" for n in range(2, len(people) + 3))) if each not in people)
    email = subject.email and parse_address(subject.email)
    kept = "" if not email or isinstance(email, InvalidAddress) else subject.email
    return Person(name, subject.name or subject.username or name, kept, added_at=now)

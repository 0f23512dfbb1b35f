"""Who asks about messages: an integration's own program, or a person by their key. A program sees its own, and no more."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from wardmail.manage.message_search import found_by
from wardmail.model.identity import Identity
from wardmail.model.person import Permission, Person
from wardmail.model.reading import FoundBy
from wardmail.web import PERSON_KEY_PREFIX
from wardmail.web.api.caller import identified, identified_for_live
from wardmail.web.api.person_caller import May


@dataclass(frozen=True, slots=True)
class Asker:
    """`who` is a person, or the program that a credential stands for."""

    who: Identity | Person

    @property
    def name(self) -> str:
        """As the audit has it."""
        return self.who.id if isinstance(self.who, Person) else self.who.credential.username

    @property
    def integration(self) -> str:
        """Whose messages it may see; empty: everybody's."""
        return "" if isinstance(self.who, Person) else self.who.integration.id

    @property
    def reach(self) -> str:
        return "" if isinstance(self.who, Person) else self.who.reach

    @property
    def found_by(self) -> FoundBy:
        """A program knows its messages by the names that it gave them."""
        return found_by(self.who) if isinstance(self.who, Person) else FoundBy.NAME

    @property
    def is_person(self) -> bool:
        return isinstance(self.who, Person)

    @property
    def scope(self) -> str:
        """Within what a key of repetition is the same. No name of an integration has a colon."""
        return f"people: {self.name}" if self.is_person else scope_of(self.integration, self.reach)


def scope_of(integration: str, reach: str) -> str:
    """What a test key sent must not stand for a live message, which nobody would send then."""
    return " ".join(filter(None, (integration, reach)))


def fingerprint_of(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()


class Either:
    """A program about its integration's own, or a person who has one of the permissions: what such an operation depends on."""

    def __init__(self, *needs: Permission, only_live: bool = False) -> None:
        """`only_live`: not with a test key."""
        self.needs = needs
        self._identify = _identified_for_live if only_live else identified

    async def asker(self, request: Request) -> Asker:
        """Raises Problem: 401 or 403, as for each of them alone."""
        scheme, _, value = request.headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() == "bearer" and value.startswith(PERSON_KEY_PREFIX):
            return Asker(await May(*self.needs).person(request))
        return Asker(await self._identify(request))


async def _identified_for_live(request: Request) -> Identity:
    return await identified_for_live(await identified(request))


Seeing = Annotated[Asker, Depends(Either(Permission.SEE).asker)]
SeeingLive = Annotated[Asker, Depends(Either(Permission.SEE, only_live=True).asker)]
Operating = Annotated[Asker, Depends(Either(Permission.OPERATE_QUEUE).asker)]
Reading = Annotated[Asker, Depends(Either(Permission.READ_CONTENT).asker)]
TakingEvidence = Annotated[Asker, Depends(Either(Permission.TAKE_EVIDENCE).asker)]

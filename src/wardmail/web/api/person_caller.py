"""Who calls: a person, by their own key, who may do what the operation does."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from wardmail.manage.people import by_key
from wardmail.model.person import Permission, Person
from wardmail.model.provider_login import Unvouched
from wardmail.web import PERSON_KEY_PREFIX
from wardmail.web.api.caller import LATER, peer_of
from wardmail.web.api.problem import Problem
from wardmail.web.api.services import services_of
from wardmail.web.login_ledger import of_person

_LONGEST = 200
_HOW = (
    "Send `Authorization: Bearer wmp_PERSON.KEY` with the key of a person who works with the gateway; "
    "an owner makes one: `wardmail person key`."
)

_LOG_IN = (
    "Log in to the pages through it: after that the key works again. How long a log-in counts is the setting "
    "`oidc.key_days`."
)


class May:
    """A person who has one of the permissions; what an operation for people depends on, so that it can be asked what it needs."""

    def __init__(self, *needs: Permission) -> None:
        self.needs = needs

    async def person(self, request: Request) -> Person:
        """Raises Problem: 401 in the same words whatever was wrong with the key, 403 for what the person may not do."""
        person = await _proved(request)
        if any(person.may(each) for each in self.needs):
            return person
        words = " or ".join(each.words for each in self.needs)
        detail = f"{person.id} may not {words}. Roles are given by an owner: `wardmail person change`."
        raise Problem(403, "WM-NOT-PERMITTED", "Your role does not allow this", detail)


async def _proved(request: Request) -> Person:
    """The ledger is asked in the event loop, for it is not safe in threads; the store is asked in one."""
    services, peer, now = services_of(request), peer_of(request), time.monotonic()
    name, key = _offered(request.headers.get("authorization", ""))
    tried = of_person(name)
    if services.ledger.is_locked_out(peer, tried, now):
        raise Problem(
            429, "WM-AUTH-LOCKED", "Too many failures", "Too many failed log-ins from your address.", headers=LATER
        )
    office = services.office
    person = await asyncio.to_thread(by_key, office.people, name, key, office.pepper) if name else None
    if person is None:
        if name:
            services.ledger.record_failed_login(peer, tried, now)
        code = "WM-AUTH-INVALID" if name else "WM-AUTH-MISSING"
        raise Problem(401, code, "Not logged in", _HOW, headers={"WWW-Authenticate": 'Bearer realm="Wardmail"'})
    known = await asyncio.to_thread(office.vouched, person)
    if isinstance(known, Unvouched):
        raise Problem(403, "WM-PERSON-UNVOUCHED", "Your organisation's log-in has not vouched for you lately", _LOG_IN)
    return known


def _offered(header: str) -> tuple[str, str]:
    """Name and key; two empty texts when there is nothing like them."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not value.startswith(PERSON_KEY_PREFIX) or len(value) > _LONGEST:
        return "", ""
    # A person's name may hold a dot; a key never does.
    name, _, key = value.removeprefix(PERSON_KEY_PREFIX).rpartition(".")
    return (name, key) if name and key else ("", "")


Seer = Annotated[Person, Depends(May(Permission.SEE).person)]
QueueOperator = Annotated[Person, Depends(May(Permission.OPERATE_QUEUE).person)]
HoldKeeper = Annotated[Person, Depends(May(Permission.RELEASE_HOLDS).person)]
HoldDecider = Annotated[Person, Depends(May(Permission.RELEASE_HOLDS, Permission.RELEASE_TIME_CRITICAL).person)]
EvidenceTaker = Annotated[Person, Depends(May(Permission.TAKE_EVIDENCE).person)]
Drafter = Annotated[Person, Depends(May(Permission.DRAFT_INTEGRATIONS).person)]
CredentialIssuer = Annotated[Person, Depends(May(Permission.ISSUE_CREDENTIALS).person)]
IntegrationRunner = Annotated[Person, Depends(May(Permission.RUN_INTEGRATIONS).person)]
IntegrationGovernor = Annotated[Person, Depends(May(Permission.GOVERN_INTEGRATIONS).person)]
RouteChanger = Annotated[Person, Depends(May(Permission.CHANGE_ROUTES).person)]
AgreementManager = Annotated[Person, Depends(May(Permission.MANAGE_AGREEMENTS).person)]
SafetyOfficer = Annotated[Person, Depends(May(Permission.SIGN_OFF_CLINICAL_SAFETY).person)]
ListKeeper = Annotated[Person, Depends(May(Permission.MANAGE_LISTS).person)]
SecretKeeper = Annotated[Person, Depends(May(Permission.KEEP_SECRETS).person)]
PolicyProposer = Annotated[Person, Depends(May(Permission.PROPOSE_POLICY).person)]
PolicyApprover = Annotated[Person, Depends(May(Permission.APPROVE_POLICY).person)]

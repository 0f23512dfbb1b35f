"""Tells a dedicated service account from a person's own and from one that people share (RECV-5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from wardmail.manage.integrations import BadInput
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.registration import Contact

_INITIAL_AND_NAME = re.compile(r"[a-z]\.?[a-z]?\.[a-z][a-z'-]+\d{0,3}").fullmatch
_SHARED_WORDS = "shared generic enquiries enquiry reception office secretary secretaries info admin team everyone all"
_SHARED = frozenset(_SHARED_WORDS.split())
_GIVEN_NAMES = """
aisha alan alex alice ali amelia amina amy andrew anna anne anthony ben brian carol catherine charles charlotte chris
christine christopher claire daniel david deborah edward elizabeth emily emma fatima fiona george hannah harry helen ian
isabella jack jacob jacqueline james jane janet jean jennifer jessica joan john jonathan joseph joshua julie karen kate
kathleen kevin laura linda lisa lucy margaret maria mark martin mary matthew michael michelle mohammed muhammad nicholas
nicola oliver olivia patricia paul peter philip priya rachel rebecca richard robert ruth samantha samuel sandra sarah
sharon simon sophie stephen steven susan thomas tracey victoria wendy william
"""
_GIVEN = frozenset(_GIVEN_NAMES.split())
"""Common given names: enough to catch what people do out of habit."""


def account_problem(
    integration: Integration, others: Mapping[str, Integration], people: Iterable[Contact] = ()
) -> BadInput | None:
    """Why its upstream account may not be used. `people` are known persons besides those whom the record names."""
    record = integration.registration
    account = record.upstream_account.strip().lower()
    if not account:
        return None
    for each in others.values():
        if each.id != integration.id and each.state is not IntegrationState.RETIRED and _same(integration, each):
            return BadInput(
                f"The account {account} belongs to integration {each.id} already: each has an account of its own (RECV-5)."
            )
    named = [each for each in (record.owner, record.deputy, *record.contacts) if each is not None]
    why = name_problem(account, [*named, *people])
    return (
        BadInput(f"The account {account} {why}: use a service account that is for this alone (RECV-5).")
        if why
        else None
    )


def name_problem(account: str, people: Iterable[Contact]) -> str:
    """Why an account of this name (in lower case) looks like no service account; empty when it does."""
    return _personal(account, people) or _shared(account)


def _same(one: Integration, other: Integration) -> bool:
    mine, theirs = one.registration, other.registration
    account = mine.upstream_account.strip().lower()
    if account != theirs.upstream_account.strip().lower():
        return False
    # A mailbox is the same whatever people call its service; a bare user name is not.
    return "@" in account or mine.upstream_service.strip().lower() == theirs.upstream_service.strip().lower()


def _personal(account: str, people: Iterable[Contact]) -> str:
    local = account.partition("@")[0]
    words = set(re.split(r"[^a-z]+", local)) - {""}
    for person in people:
        names = {each for each in re.split(r"[^a-z]+", person.name.lower()) if len(each) > 2}
        if account == person.email.lower() or (len(names) > 1 and names <= words):
            return f"is {person.name}'s own"
    if _INITIAL_AND_NAME(local) or (re.split(r"[^a-z]+", local)[0] in _GIVEN and len(words) > 1):
        return "looks like a person's own"
    return ""


def _shared(account: str) -> str:
    local = account.partition("@")[0]
    return "looks like a mailbox that people share" if set(re.split(r"[^a-z]+", local)) & _SHARED else ""

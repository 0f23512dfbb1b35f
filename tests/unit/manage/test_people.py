"""People: one account stands for one person, somebody always owns the gateway, and roles say who may do what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wardmail.manage.integrations import BadInput
from wardmail.manage.people import checked_person, first_owner, for_login, proves, vouched, who_may, with_new_key
from wardmail.model.person import PERMISSIONS, Approval, Permission, Person, Role, independent
from wardmail.model.provider_login import ProviderWord, Unvouched

_PEPPER = b"p" * 32
_OWNER = Person("olu", "Olu", roles=(Role.OWNER,), logins=("olu",))
_NURSE = Person("nia", "Nia", roles=(Role.CLINICIAN,))
_PEOPLE = {each.id: each for each in (_OWNER, _NURSE)}


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Person("Olu", "Olu"), "no name for a person"),
        (Person("a b", "Olu"), "no name for a person"),
        (Person("ann", "  "), "needs a name"),
        (Person("ann", "A\nB"), "needs a name"),
        (Person("ann", "Ann", roles=()), "needs a role"),
        (Person("ann", "Ann", email="ann@"), "no e-mail address"),
        (Person("ann", "Ann", logins=("olu",)), "already stands for olu"),
        (replace(_OWNER, roles=(Role.VIEWER,)), "nobody with the role owner"),
        (replace(_OWNER, left_at=1.0), "nobody with the role owner"),
    ],
)
def test_what_cannot_be_kept(person: Person, why: str) -> None:
    outcome = checked_person(person, _PEOPLE)
    assert isinstance(outcome, BadInput)
    assert why in outcome.reason


def test_an_owner_may_go_when_there_is_another() -> None:
    second = Person("ola", "Ola", roles=(Role.OWNER,))
    assert checked_person(replace(_OWNER, left_at=1.0), {**_PEOPLE, "ola": second}) == replace(_OWNER, left_at=1.0)


def test_an_account_of_somebody_who_left_is_free() -> None:
    gone = replace(_NURSE, logins=("shared",), left_at=1.0)
    people = {**_PEOPLE, gone.id: gone}
    assert for_login(people.values(), "shared") is None
    assert checked_person(Person("ann", "Ann", logins=("shared",)), people) == Person("ann", "Ann", logins=("shared",))


def test_only_the_newest_key_proves_a_person() -> None:
    first, old = with_new_key(_NURSE, _PEPPER)
    second, new = with_new_key(first, _PEPPER)
    assert proves(first, old, _PEPPER)
    assert proves(second, new, _PEPPER)
    assert not proves(second, old, _PEPPER)
    assert not proves(second, new, b"q" * 32)
    assert not proves(_NURSE, "", _PEPPER)


def test_who_left_may_nothing() -> None:
    assert not any(replace(_OWNER, left_at=1.0).may(each) for each in Permission)


def test_roles_add_up_and_every_permission_is_somebodys() -> None:
    both = replace(_NURSE, roles=(Role.CLINICIAN, Role.DEVELOPER))
    assert both.may(Permission.RELEASE_TIME_CRITICAL)
    assert both.may(Permission.ISSUE_CREDENTIALS)
    assert not both.may(Permission.APPROVE_POLICY)
    beside_owner = [PERMISSIONS[role] for role in Role if role is not Role.OWNER]
    assert frozenset().union(*beside_owner) == frozenset(Permission) - {Permission.MANAGE_PEOPLE}


def test_who_may_names_those_who_are_here() -> None:
    assert who_may([_OWNER, _NURSE, replace(_NURSE, id="old", left_at=1.0)], Permission.RELEASE_TIME_CRITICAL) == (
        _OWNER,
        _NURSE,
    )


def test_nobody_approves_their_own_or_twice() -> None:
    approvals = tuple(Approval(by, 0.0, "") for by in ("ann", "bob", "bob", "cem"))
    assert independent("ann", approvals) == ("bob", "cem")


@pytest.mark.parametrize(("login", "name"), [("root", "root"), ("NHS\\amina", "nhs-amina"), ("1", "owner")])
def test_the_first_owner_has_a_usable_name(login: str, name: str) -> None:
    owner = first_owner(login, 5.0)
    assert (owner.id, owner.logins, owner.roles) == (name, (login,), (Role.OWNER,))
    assert checked_person(owner, {}) == owner


@pytest.mark.parametrize(
    ("word", "found"),
    [
        (None, (Role.OWNER, Role.CLINICIAN)),
        (ProviderWord(None, 950.0), (Role.OWNER, Role.CLINICIAN)),
        (ProviderWord((Role.CLINICIAN, Role.VIEWER), 950.0), (Role.CLINICIAN,)),
        (ProviderWord((), 950.0), ()),
        (ProviderWord((Role.OWNER,), 899.0), None),
        (ProviderWord(None, 899.0), None),
    ],
)
def test_a_key_does_no_more_than_the_provider_said_lately(
    word: ProviderWord | None, found: tuple[Role, ...] | None
) -> None:
    person = replace(_NURSE, roles=(Role.OWNER, Role.CLINICIAN))
    known = vouched(person, word, 1000.0, 100.0)
    assert (None if isinstance(known, Unvouched) else known.roles) == found


def test_who_has_no_role_can_leave() -> None:
    gone = replace(_NURSE, roles=(), left_at=1.0)
    assert checked_person(gone, _PEOPLE) == gone

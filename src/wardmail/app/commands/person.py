"""`wardmail person`: who works with the gateway, in which roles."""

from __future__ import annotations

from dataclasses import replace

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.commands.person_log_in import password, second_factor, sessions, sign_out, tie
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.log_in_wiring import people_desk
from wardmail.app.output import confirm, emit, json_option, moment, note, rfc3339, say, table
from wardmail.model.person import PERMISSIONS, Permission, Person, Role

_ANEW = "Who was logged in to the pages by that name logs in anew."
_ROLES = click.Choice([role.value for role in Role])


@click.group()
def command() -> None:
    """People and their roles. Everything that is done is recorded with the name of a person."""


for each in (password, second_factor, sessions, sign_out, tie):
    command.add_command(each)


@command.command("list")
@click.option("--all", "everybody", is_flag=True, help="Also those who have left.")
@json_option
@click.pass_obj
def list_(config_path: str | None, everybody: bool, as_json: bool) -> None:
    """List people."""
    people = [each for each in Installation.at(config_path).people.all().values() if everybody or each.is_here]
    if as_json:
        for each in people:
            emit(_record(each))
        return
    rows = [(p.id, p.name, ", ".join(p.roles), ", ".join(p.logins), _standing(p), p.email) for p in people]
    table(("Person", "Name", "Roles", "Accounts", "Known by", "E-mail"), rows)


@command.command()
@json_option
def roles(as_json: bool) -> None:
    """What each role may do."""
    if as_json:
        for role, granted in PERMISSIONS.items():
            emit({"role": role.value, "may": sorted(granted)})
        return
    table(
        ("May", *(role.value for role in Role)),
        [(p.words, *("yes" if p in PERMISSIONS[role] else "-" for role in Role)) for p in Permission],
    )


@command.command()
@click.argument("name")
@click.option("--title", "full_name", required=True, help="The name that people know, as 'Amina Khan'.")
@click.option("--email", default="", help="Where alerts and notices go.")
@click.option("--role", "roles", type=_ROLES, multiple=True, required=True, help="Repeat for more.")
@click.option("--login", "logins", multiple=True, help="An account of this machine that stands for the person.")
@by_option
@json_option
@click.pass_obj
def add(
    config_path: str | None,
    *,
    name: str,
    full_name: str,
    email: str,
    roles: tuple[str, ...],
    logins: tuple[str, ...],
    by: str,
    as_json: bool,
) -> None:
    """Register a person, and show their key once: it proves who they are where their account does not."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_PEOPLE)
    desk = people_desk(installation)
    if name in desk.all():
        raise CommandFailed(
            "WM-PERSON-EXISTS",
            f"There is a person {name} already.",
            "See `wardmail person list --all`; `person change` changes one.",
            CONFLICT,
        )
    wanted = Person(name, full_name, email, tuple(map(Role, roles)), logins)
    person, key = usable(desk.add(wanted, actor), "WM-PERSON")
    _show_key(person, key, as_json)


@command.command()
@click.argument("name")
@click.option("--title", "full_name", help="The name that people know.")
@click.option("--email")
@click.option("--role", "roles", type=_ROLES, multiple=True, help="All roles from now on.")
@click.option("--login", "logins", multiple=True, help="All accounts from now on.")
@reason_option()
@by_option
@json_option
@click.pass_obj
def change(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    name: str,
    full_name: str | None,
    email: str | None,
    roles: tuple[str, ...],
    logins: tuple[str, ...],
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    """Change a person's name, address, roles or accounts. They log in to the pages anew after it."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_PEOPLE)
    person = _existing(installation, name)
    wanted = replace(
        person,
        name=person.name if full_name is None else full_name,
        email=person.email if email is None else email,
        roles=tuple(map(Role, roles)) or person.roles,
        logins=logins or person.logins,
    )
    wanted = usable(people_desk(installation).change(wanted, actor, reason), "WM-PERSON")
    emit(_record(wanted)) if as_json else say(f"{name} is {', '.join(wanted.roles)}.")
    note(_ANEW)


@command.command()
@click.argument("name")
@click.option("--revoke", is_flag=True, help="Make no new one: the person has no key from now on.")
@reason_option()
@by_option
@json_option
@click.pass_obj
def key(config_path: str | None, *, name: str, revoke: bool, reason: str, by: str, as_json: bool) -> None:
    """Make a new key for a person; the old one stops at once, and they log in to the pages anew."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_PEOPLE)
    person, desk = _existing(installation, name), people_desk(installation)
    if revoke:
        without = usable(desk.revoke_key(person, actor, reason), "WM-PERSON")
        emit(_record(without)) if as_json else say(f"{name} has no key any more.")
    else:
        person, made = usable(desk.new_key(person, actor, reason), "WM-PERSON")
        _show_key(person, made, as_json)
    note(_ANEW)


@command.command()
@click.argument("name")
@reason_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def leave(config_path: str | None, *, name: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """A person has left: no key or account counts any more. The audit keeps the name."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_PEOPLE)
    person = _existing(installation, name)
    if not confirm(f"{name} may do nothing from now on?", assume_yes=yes):
        raise SystemExit(1)
    left = usable(people_desk(installation).leave(person, actor, reason), "WM-PERSON")
    emit(_record(left)) if as_json else say(f"{name} has left.")


def _existing(installation: Installation, name: str) -> Person:
    person = installation.people.all().get(name)
    if person is None:
        raise not_found("person", name, "wardmail person list")
    return person


def _show_key(person: Person, key: str, as_json: bool) -> None:
    if as_json:
        emit({**_record(person), "key": key})
        return
    say(f"Person  {person.id}")
    say(f"Key     {key}")
    say(f"API     Authorization: Bearer wmp_{person.id}.{key}")
    note("The key is not kept and cannot be shown again. Give it to the person, and to nobody else.")


def _standing(person: Person) -> str:
    if not person.is_here:
        return f"left {moment(person.left_at)}"
    return "account" if person.logins else "key"


def _record(person: Person) -> dict[str, object]:
    return {
        "person": person.id,
        "name": person.name,
        "email": person.email,
        "roles": [role.value for role in person.roles],
        "logins": list(person.logins),
        "added_at": rfc3339(person.added_at),
        "left_at": rfc3339(person.left_at),
    }

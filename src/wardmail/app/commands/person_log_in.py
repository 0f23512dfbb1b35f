"""`wardmail person password`, `second-factor`, `sessions`, `sign-out` and `tie`: how somebody logs in to the pages."""

from __future__ import annotations

import sys

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.log_in_wiring import factors_of, people_desk
from wardmail.app.output import confirm, emit, json_option, moment, note, rfc3339, say, table
from wardmail.model.person import Permission, Person

_REASON = reason_option()


@click.command()
@click.argument("name")
@_REASON
@by_option
@json_option
@click.pass_obj
def password(config_path: str | None, *, name: str, reason: str, by: str, as_json: bool) -> None:
    """Set a person's password for the pages, from standard input; ends a lock and every session of theirs."""
    installation = Installation.at(config_path)
    person, actor = _known(installation, name), acting_person(installation, by, Permission.MANAGE_PEOPLE)
    usable(people_desk(installation).set_password(person, _typed(), actor, reason), "WM-PASSWORD")
    if not factors_of(installation).has(name):
        note(f"{name} cannot log in yet: run `wardmail person second-factor {name}` too.")
    emit({"person": name, "password": True}) if as_json else say(f"{name} has a new password.")


@click.command("second-factor")
@click.argument("name")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def second_factor(config_path: str | None, *, name: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """Make the second factor of a person: a secret for an authenticator app, and recovery codes. Both are shown once."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_PEOPLE)
    person = _known(installation, name)
    has_one = factors_of(installation).has(name)
    stops = f"The authenticator, security keys and recovery codes of {name} stop working?"
    if has_one and not confirm(stops, assume_yes=yes):
        raise SystemExit(1)
    made = people_desk(installation).new_second_factor(person, actor, reason)
    if as_json:
        secret = made.secret.replace(" ", "")
        emit({"person": name, "secret": secret, "address": made.address, "recovery_codes": list(made.codes)})
        return
    say(f"Secret    {made.secret}")
    say(f"Address   {made.address}")
    say(f"Recovery  {made.codes[0]}")
    for each in made.codes[1:]:
        say(f"          {each}")
    note("Type the secret into an authenticator app. Each recovery code lets in once, without the app.")
    note("None of this can be shown again. Give it to the person, and to nobody else.")


@click.command()
@click.argument("name", required=False, default="")
@json_option
@click.pass_obj
def sessions(config_path: str | None, name: str, as_json: bool) -> None:
    """List who is logged in to the pages, or the sessions of one person."""
    installation = Installation.at(config_path)
    if name:
        _known(installation, name)
    found = installation.logins.sessions(name)
    if as_json:
        for each in found:
            emit(
                {
                    "session": each.name,
                    "person": each.person,
                    "began_at": rfc3339(each.began_at),
                    "seen_at": rfc3339(each.seen_at),
                    "from": each.peer,
                }
            )
        return
    rows = [(each.name, each.person, moment(each.began_at), moment(each.seen_at), each.peer) for each in found]
    table(("Session", "Person", "Began", "Last used", "From"), rows)


@click.command("sign-out")
@click.argument("name")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def sign_out(config_path: str | None, *, name: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """End every session of a person at once; they may log in again."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_PEOPLE)
    person = _known(installation, name)
    if not confirm(f"End every session of {name}?", assume_yes=yes):
        raise SystemExit(1)
    ended = people_desk(installation).sign_out(person, actor, reason)
    emit({"person": name, "ended": ended}) if as_json else say(f"Ended: {ended} of {name}.")


@click.command()
@click.argument("name")
@click.option("--subject", required=True, help="What the identity provider calls the person for ever (sub or oid).")
@click.option("--issuer", default="", help="Whose subject it is; left out: that of the setting oidc.issuer.")
@_REASON
@by_option
@json_option
@click.pass_obj
def tie(config_path: str | None, *, name: str, subject: str, issuer: str, reason: str, by: str, as_json: bool) -> None:
    """Say whose account at the identity provider it is, so that this person logs in by it."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_PEOPLE)
    _known(installation, name)
    named = issuer or installation.settings["oidc.issuer"]
    if not named:
        raise CommandFailed("WM-PERSON-ISSUER", "No identity provider is named.", "Say --issuer.", USAGE)
    holder = installation.provider_logins.tie(named, subject, name, actor.id, reason)
    if holder != name:
        what = f"That account stands for {holder} already."
        raise CommandFailed("WM-PERSON-TIED", what, "An account stands for one person, and stays theirs.", CONFLICT)
    emit({"person": name, "issuer": named}) if as_json else say(f"{name} logs in by that account.")


def _typed() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        return sys.stdin.buffer.read(4096).decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CommandFailed("WM-PASSWORD", "The password is not UTF-8.", "Type it anew.", USAGE) from error


def _known(installation: Installation, name: str) -> Person:
    person = installation.people.one(name)
    if person is None:
        raise not_found("person", name, "wardmail person list")
    if not person.is_here:
        raise CommandFailed("WM-PERSON-LEFT", f"{name} has left.", "Register them anew.", CONFLICT)
    return person

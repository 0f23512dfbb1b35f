"""`wardmail person password`, `second-factor`, `sessions`, `sign-out` and `tie`: how somebody logs in to the pages."""

from __future__ import annotations

import secrets
import sys

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import CONFLICT, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.log_in_wiring import SECOND_FACTOR, passwords_of, second_factor_entry
from wardmail.app.output import confirm, emit, json_option, moment, note, rfc3339, say, table
from wardmail.model.person import Permission, Person

_REASON = click.option("--reason", required=True, help="Kept in the audit with your name.")


@click.command()
@click.argument("name")
@_REASON
@by_option
@json_option
@click.pass_obj
def password(config_path: str | None, *, name: str, reason: str, by: str, as_json: bool) -> None:
    """Set a person's password for the pages, from standard input; ends a lock and every session of theirs."""
    from wardmail.manage.log_in import checked_password

    installation = Installation.at(config_path)
    person, actor = _known(installation, name), acting_person(installation, by, Permission.MANAGE_PEOPLE)
    typed = usable(checked_password(_typed(), person), "WM-PASSWORD")
    installation.logins.set_password(name, passwords_of(installation).hash_of(typed), actor.id, reason)
    if name not in _with_second_factor(installation):
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
    from wardmail.manage.log_in import new_recovery_codes, recovery_hash
    from wardmail.protect.one_time_code import setting_up

    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_PEOPLE)
    person = _known(installation, name)
    has_one = name in _with_second_factor(installation)
    if has_one and not confirm(f"The authenticator and recovery codes of {name} stop working?", assume_yes=yes):
        raise SystemExit(1)
    secret, codes = secrets.token_bytes(20), new_recovery_codes()
    installation.keystore.put(second_factor_entry(name), SECOND_FACTOR, secret)
    hashes = [recovery_hash(installation.pepper, each) for each in codes]
    installation.logins.set_second_factor(name, hashes, actor.id, reason)
    issuer = installation.settings["pages.organisation"] or installation.settings["gateway.hostname"]
    text, address = setting_up(secret, person.id, issuer)
    if as_json:
        emit({"person": name, "secret": text.replace(" ", ""), "address": address, "recovery_codes": list(codes)})
        return
    say(f"Secret    {text}")
    say(f"Address   {address}")
    say(f"Recovery  {codes[0]}")
    for each in codes[1:]:
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
    _known(installation, name)
    if not confirm(f"End every session of {name}?", assume_yes=yes):
        raise SystemExit(1)
    ended = installation.logins.sign_out(name, actor.id, reason)
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


def _with_second_factor(installation: Installation) -> set[str]:
    names = installation.keystore.names(SECOND_FACTOR)
    return {each.removeprefix(f"{SECOND_FACTOR}:") for each in names}

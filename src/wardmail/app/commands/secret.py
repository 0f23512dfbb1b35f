"""`wardmail secret`: which secrets there are, how old, used where and until when; never what they are."""

from __future__ import annotations

import sys
from datetime import date

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import CONFLICT, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, day_option, emit, json_option, moment, note, rfc3339, say, span, table
from wardmail.app.secret_places import ROUTE_SECRET, KnownSecret, known_secrets, look_at, references
from wardmail.model.person import Permission
from wardmail.model.secret_reference import FORMS, is_reference


@click.group()
def command() -> None:
    """Secrets, by where they are. They go in by standard input, and never come out on a screen."""


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """What routes and settings refer to, in whichever store: age, last use, expiry, and where it is used."""
    installation = Installation.at(config_path)
    found, now = list(known_secrets(installation)), installation.clock.now()
    if as_json:
        for each in found:
            emit(_record(each))
        return
    rows = [
        (
            each.reference,
            span(now - each.since) if each.since else "?",
            moment(each.last_used_at) or "never seen",
            each.expires or "",
            ", ".join(each.places) or "nothing",
            "cannot be read" if each.problem else "",
        )
        for each in found
    ]
    table(("Secret", "Age", "Last used", "Expires", "Used by", ""), rows)


@command.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(config_path: str | None, name: str, as_json: bool) -> None:
    """Show what is known of one secret. NAME is a reference, or a name in the keystore."""
    installation = Installation.at(config_path)
    reference = _reference(name)
    found = look_at(
        installation, reference, references(installation.settings, installation.register.snapshot()).get(reference, ())
    )
    if as_json:
        emit(_record(found))
        return
    say(f"Secret     {reference}")
    say(f"Since      {moment(found.since) or 'its store does not say'}")
    say(f"Last used  {moment(found.last_used_at) or 'never seen'} (written down each minute)")
    say(f"Expires    {found.expires or 'not known: wardmail secret set NAME --expires DAY'}")
    say(f"Used by    {', '.join(found.places) or 'nothing'}")
    say(f"Problem    {found.problem or 'none: it can be read'}")


@command.command()
@click.argument("name")
@day_option("--expires", help="Until when it is good, as its issuer says.")
@by_option
@json_option
@click.pass_obj
def put(config_path: str | None, *, name: str, expires: date | None, by: str, as_json: bool) -> None:
    """Read a new secret from standard input and keep it as keystore:NAME."""
    installation = Installation.at(config_path)
    if ":" in name:
        what = "A name has no colon: what is before it says which store is meant."
        raise CommandFailed("WM-SECRET-NAME", what, "Choose another name.", USAGE)
    if name in installation.keystore.names():
        what = f"The keystore has an entry {name} already."
        raise CommandFailed("WM-SECRET-EXISTS", what, f"To replace it: wardmail secret rotate {name}", CONFLICT)
    _keep(installation, name, "SecretKept", expires, by)
    emit({"name": name, "kept": True}) if as_json else say(f"Kept. Refer to it as keystore:{name}")


@command.command()
@click.argument("name")
@day_option("--expires", help="Until when the new one is good. Without it, nothing is known of its end.")
@by_option
@json_option
@click.pass_obj
def rotate(config_path: str | None, *, name: str, expires: date | None, by: str, as_json: bool) -> None:
    """Read a new value for keystore:NAME from standard input. Running processes use it within a second."""
    installation = Installation.at(config_path)
    _existing(installation, name)
    _keep(installation, name, "SecretRotated", expires, by)
    emit({"name": name, "rotated": True}) if as_json else say(f"{name} has a new value, in use within a second.")


@command.command("set")
@click.argument("name")
@day_option("--expires", required=True, help="Until when it is good, as its issuer says.")
@by_option
@json_option
@click.pass_obj
def set_(config_path: str | None, *, name: str, expires: date, by: str, as_json: bool) -> None:
    """Note when a secret ends: `doctor` warns 60, 30 and 7 days before. NAME is a reference, or a name in the keystore."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.KEEP_SECRETS)
    reference = _reference(name)
    if reference.startswith("keystore:"):
        _existing(installation, reference.removeprefix("keystore:"))
    installation.secret_notes.changed("SecretDated", reference, actor.id, expires)
    if as_json:
        emit({"reference": reference, "expires": expires.isoformat()})
    else:
        say(f"{reference} is good until {expires}; doctor warns before.")


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def remove(config_path: str | None, *, name: str, yes: bool, by: str, as_json: bool) -> None:
    """Destroy a route's secret. Data keys and signing keys are not removed here."""
    installation = Installation.at(config_path)
    _existing(installation, name)
    actor = acting_person(installation, by, Permission.KEEP_SECRETS)
    used = references(installation.settings, installation.register.snapshot()).get(f"keystore:{name}", ())
    consequence = f"It is used by {', '.join(used)}, which will stop." if used else "Nothing refers to it."
    if not confirm(f"Destroy the secret {name}? {consequence}", assume_yes=yes):
        raise SystemExit(1)
    installation.keystore.delete(name)
    installation.secret_notes.changed("SecretRemoved", f"keystore:{name}", actor.id, None)
    emit({"name": name, "removed": True}) if as_json else say(f"{name} is destroyed.")


def _keep(installation: Installation, name: str, kind: str, expires: date | None, by: str) -> None:
    actor = acting_person(installation, by, Permission.KEEP_SECRETS)
    if sys.stdin.isatty():
        note("Type the secret, then Enter and Ctrl-D; better, pipe it in.")
    secret = sys.stdin.buffer.read().rstrip(b"\r\n")
    if not secret:
        raise CommandFailed("WM-SECRET-EMPTY", "Standard input was empty.", "Pipe the secret in.", USAGE)
    try:
        installation.keystore.put(name, ROUTE_SECRET, secret, since=str(installation.clock.now()))
    except ValueError as error:
        raise CommandFailed(
            "WM-SECRET-NAME", f"{name!r} cannot be a name: {error}.", "Choose another.", USAGE
        ) from error
    installation.secret_notes.changed(kind, f"keystore:{name}", actor.id, expires)


def _existing(installation: Installation, name: str) -> None:
    if name not in installation.keystore.names(ROUTE_SECRET):
        raise not_found("route secret", name, "wardmail secret list")


def _reference(name: str) -> str:
    """A name without a scheme is one in the keystore. What is no reference is not repeated: it may be a secret."""
    reference = name if ":" in name else f"keystore:{name}"
    if not is_reference(reference):
        raise CommandFailed("WM-SECRET-REFERENCE", "That does not say where a secret is.", f"Write {FORMS}.", USAGE)
    return reference


def _record(secret: KnownSecret) -> dict[str, object]:
    name = secret.reference.removeprefix("keystore:")
    return {
        "name": name,
        "reference": secret.reference,
        "since": rfc3339(secret.since),
        "last_used_at": rfc3339(secret.last_used_at),
        "expires": secret.expires.isoformat() if secret.expires else None,
        "used_by": list(secret.places),
        "problem": secret.problem,
    }

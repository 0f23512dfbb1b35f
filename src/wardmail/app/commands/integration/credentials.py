"""`wardmail integration credential`: user names and secrets."""

from __future__ import annotations

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.commands.integration.records import desk_of, existing
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, note, rfc3339, say
from wardmail.manage.integrations import BadInput, Forbidden, NewCredential
from wardmail.model.person import Permission


@click.group()
def credential() -> None:
    """User names and secrets. A secret is shown once, when it is made."""


@credential.command()
@click.argument("name")
@click.option("--username", default="", help="Default: the integration's name with a number.")
@click.option("--expires-in-days", type=click.FloatRange(0), default=365, show_default=True, help="0: never.")
@click.option("--network", "networks", multiple=True, help="Where it may be used from, as 10.1.0.0/16.")
@by_option
@json_option
@click.pass_obj
def add(
    config_path: str | None,
    *,
    name: str,
    username: str,
    expires_in_days: float,
    networks: tuple[str, ...],
    by: str,
    as_json: bool,
) -> None:
    """Make a credential, and show its secret once."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    existing(installation.register.snapshot(), name)
    done = desk_of(installation).issue(
        actor, name, username=username, lifetime_days=expires_in_days or None, networks=networks
    )
    if isinstance(done, BadInput) and done.code == "WM-USERNAME-EXISTS":
        raise CommandFailed(done.code, done.reason, "Choose another.", CONFLICT)
    _show(done, as_json)


@credential.command()
@click.argument("username")
@click.option("--overlap-days", type=click.FloatRange(0, 90), default=7, show_default=True, help="The old one lasts.")
@click.option("--expires-in-days", type=click.FloatRange(0), default=365, show_default=True, help="0: never.")
@by_option
@json_option
@click.pass_obj
def rotate(
    config_path: str | None, *, username: str, overlap_days: float, expires_in_days: float, by: str, as_json: bool
) -> None:
    """Make a credential in the place of another, which lets in for some days more."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    done = desk_of(installation).rotate(
        actor, username, overlap_days=overlap_days, lifetime_days=expires_in_days or None
    )
    if done is None:
        raise not_found("credential", username, "wardmail integration show NAME")
    _show(done, as_json)


def _show(done: NewCredential | BadInput | Forbidden | None, as_json: bool) -> None:
    made = usable(done, "WM-CREDENTIAL")
    assert isinstance(made, NewCredential)
    username = made.credential.username
    if as_json:
        emit({"username": username, "secret": made.secret, "expires_at": rfc3339(made.credential.expires_at)})
    else:
        say(f"User name  {username}")
        say(f"Secret     {made.secret}")
        note("The secret is not kept and cannot be shown again. Put it into the application's own keystore.")


@credential.command()
@click.argument("username")
@by_option
@json_option
@click.pass_obj
def revoke(config_path: str | None, username: str, by: str, as_json: bool) -> None:
    """Make a credential useless, within a second."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    if desk_of(installation).revoke(actor, username) is None:
        raise not_found("credential", username, "wardmail integration show NAME")
    emit({"username": username, "revoked": True}) if as_json else say(f"Credential {username} is revoked.")

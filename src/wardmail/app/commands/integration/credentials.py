"""`wardmail integration credential`: user names and secrets."""

from __future__ import annotations

from dataclasses import replace

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.commands.integration.records import credentials_of, existing
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, note, rfc3339, say
from wardmail.manage import integrations
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
    snapshot = installation.register.snapshot()
    existing(snapshot, name)
    username = username or f"{name}-{len(credentials_of(snapshot, name)) + 1}"
    if username in snapshot.credentials:
        raise CommandFailed("WM-USERNAME-EXISTS", f"The user name {username} is taken.", "Choose another.", CONFLICT)
    made = integrations.make_credential(
        usable(integrations.checked_name(username), "WM-NAME"),
        name,
        installation.pepper,
        installation.clock.now(),
        lifetime_days=expires_in_days or None,
        networks=usable(integrations.checked_networks(networks), "WM-NETWORK"),
    )
    installation.register.save_credential(made.credential, actor.id)
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
    found = installation.register.snapshot().credentials.get(username)
    if found is None:
        raise not_found("credential", username, "wardmail integration show NAME")
    installation.register.save_credential(replace(found, revoked_at=installation.clock.now()), actor.id)
    emit({"username": username, "revoked": True}) if as_json else say(f"Credential {username} is revoked.")

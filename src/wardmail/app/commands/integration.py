"""`wardmail integration`: who may send, as whom, and with which credentials."""

from __future__ import annotations

from dataclasses import replace

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, moment, note, rfc3339, say, table
from wardmail.manage import integrations
from wardmail.model.classification import Sensitivity
from wardmail.model.integration import Credential, Integration, IntegrationState, Limits
from wardmail.model.person import Permission
from wardmail.model.register import RegisterSnapshot
from wardmail.model.standing import Profile
from wardmail.store.records import to_plain

_LEVELS = {"official": Sensitivity.OFFICIAL, "official-sensitive": Sensitivity.OFFICIAL_SENSITIVE}


@click.group()
def command() -> None:
    """Integrations: the applications that may send."""


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List integrations."""
    installation = Installation.at(config_path)
    snapshot = installation.register.snapshot()
    if as_json:
        for each in snapshot.integrations.values():
            emit(_record(snapshot, each, installation.clock.now()))
        return
    rows = [
        (each.id, each.state.value, each.route, ", ".join(each.senders), each.default_sensitivity.label)
        for each in snapshot.integrations.values()
    ]
    table(("Integration", "State", "Route", "Senders", "Default classification"), rows)


@command.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(config_path: str | None, name: str, as_json: bool) -> None:
    """Show one integration and its credentials (never their secrets)."""
    installation = Installation.at(config_path)
    snapshot = installation.register.snapshot()
    integration = _existing(snapshot, name)
    if as_json:
        emit(_record(snapshot, integration, installation.clock.now()))
        return
    for key, value in to_plain(integration).items():
        say(f"{key:<22}{value}")
    say()
    rows = [
        (
            each.username,
            moment(each.created_at),
            moment(each.expires_at) or "never",
            _state(each, installation.clock.now()),
            ", ".join(each.networks),
        )
        for each in _credentials(snapshot, name)
    ]
    table(("User name", "Created", "Expires", "State", "Networks"), rows)


@command.command()
@click.argument("name")
@click.option("--title", default="", help="A name for people.")
@click.option("--route", "route", required=True, help="The route its mail takes.")
@click.option("--sender", "senders", multiple=True, required=True, help="Allowed address, or @domain. Repeat for more.")
@click.option(
    "--network", "networks", multiple=True, help="Where it may connect from, as 10.1.0.0/16. Default: anywhere."
)
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default=Profile.HEALTH_AND_CARE.value)
@click.option(
    "--classification", type=click.Choice(list(_LEVELS)), default="official", help="What its mail is by default."
)
@click.option("--messages-per-minute", type=click.IntRange(0), default=60, show_default=True, help="0: no ceiling.")
@click.option("--messages-per-day", type=click.IntRange(0), default=10_000, show_default=True, help="0: no ceiling.")
@click.option("--recipients-per-day", type=click.IntRange(0), default=10_000, show_default=True, help="0: no ceiling.")
@click.option("--detect-nhs-numbers/--no-detect-nhs-numbers", default=True, show_default=True)
@click.option("--null-sender", is_flag=True, help="It may send with an empty return address.")
@by_option
@json_option
@click.pass_obj
def create(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    name: str,
    title: str,
    route: str,
    senders: tuple[str, ...],
    networks: tuple[str, ...],
    profile: str,
    classification: str,
    messages_per_minute: int,
    messages_per_day: int,
    recipients_per_day: int,
    detect_nhs_numbers: bool,
    null_sender: bool,
    by: str,
    as_json: bool,
) -> None:
    """Register an integration. It can send when it has a credential (`integration credential add`)."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.DRAFT_INTEGRATIONS)
    snapshot = installation.register.snapshot()
    if name in snapshot.integrations:
        raise CommandFailed(
            "WM-INTEGRATION-EXISTS", f"There is an integration {name} already.", "Choose another name.", CONFLICT
        )
    if route not in snapshot.routes:
        raise not_found("route", route, "wardmail route list")
    limits = Limits(messages_per_minute or None, messages_per_day or None, None, recipients_per_day or None)
    integration = Integration(
        id=usable(integrations.checked_name(name), "WM-NAME"),
        name=title or name,
        route=route,
        senders=usable(integrations.checked_senders(senders), "WM-SENDER"),
        profile=Profile(profile),
        default_sensitivity=_LEVELS[classification],
        networks=usable(integrations.checked_networks(networks), "WM-NETWORK"),
        limits=limits,
        detect_nhs_numbers=detect_nhs_numbers,
        may_use_null_sender=null_sender,
    )
    installation.register.save_integration(integration, actor.id)
    if as_json:
        emit(to_plain(integration))
    else:
        say(f"Integration {name} is registered.")
        note(f"Next: wardmail integration credential add {name}")


@command.command()
@click.argument("name")
@click.option("--reason", required=True)
@by_option
@json_option
@click.pass_obj
def suspend(config_path: str | None, *, name: str, reason: str, by: str, as_json: bool) -> None:
    """Stop an integration within a second. Mail that it handed in already is held, not lost."""
    _set_state(config_path, name, IntegrationState.SUSPENDED, by, as_json)
    note(f"Recorded: {reason}")


@command.command()
@click.argument("name")
@by_option
@json_option
@click.pass_obj
def resume(config_path: str | None, name: str, by: str, as_json: bool) -> None:
    """Let a suspended integration send again."""
    _set_state(config_path, name, IntegrationState.ACTIVE, by, as_json)


@command.group()
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
    _existing(snapshot, name)
    username = username or f"{name}-{len(_credentials(snapshot, name)) + 1}"
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


def _set_state(config_path: str | None, name: str, state: IntegrationState, by: str, as_json: bool) -> None:
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RUN_INTEGRATIONS)
    integration = replace(_existing(installation.register.snapshot(), name), state=state)
    installation.register.save_integration(integration, actor.id)
    emit({"integration": name, "state": state.value}) if as_json else say(f"Integration {name} is {state.value}.")


def _existing(snapshot: RegisterSnapshot, name: str) -> Integration:
    if name not in snapshot.integrations:
        raise not_found("integration", name, "wardmail integration list")
    return snapshot.integrations[name]


def _credentials(snapshot: RegisterSnapshot, name: str) -> list[Credential]:
    return [each for each in snapshot.credentials.values() if each.integration_id == name]


def _state(credential: Credential, now: float) -> str:
    if credential.revoked_at is not None:
        return f"revoked {moment(credential.revoked_at)}"
    expired = credential.expires_at is not None and credential.expires_at <= now
    return "expired" if expired else "in use"


def _record(snapshot: RegisterSnapshot, integration: Integration, now: float) -> dict[str, object]:
    credentials = [
        {"username": c.username, "expires_at": rfc3339(c.expires_at), "state": _state(c, now)}
        for c in _credentials(snapshot, integration.id)
    ]
    return {**to_plain(integration), "credentials": credentials}

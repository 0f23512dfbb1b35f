"""`wardmail webhook`: where programs are told of what happens to their mail."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.commands.webhook_deliveries import deliveries, replay, test
from wardmail.app.failures import CONFLICT, FAILED, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, emit, json_option, note, say, table
from wardmail.app.webhook_output import as_record, existing, stop_or_resume
from wardmail.manage.webhooks import SigningSecret, endpoint_problem, make_secret, new_endpoint_id
from wardmail.model.person import Permission
from wardmail.model.webhook_endpoint import WebhookEndpoint

_REASON = click.option("--reason", default="", help="Why; kept in the audit with your name.")
_ROTATION = 2


@click.group()
def command() -> None:
    """Webhooks of integrations: thin, signed (Standard Webhooks), tried until they are taken."""


@command.command()
@click.argument("integration")
@click.argument("url")
@click.option("--type", "types", multiple=True, help="Only this type of event. Again for more.")
@click.option("--ed25519", is_flag=True, help="Sign with a private key; the receiver gets the public one.")
@click.option("--allow-private", is_flag=True, help="It may be at an address that is not public.")
@click.option("--ca-file", default=None, help="PEM file of the authorities to trust, instead of the system's.")
@by_option
@json_option
@click.pass_obj
def add(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    integration: str,
    url: str,
    types: tuple[str, ...],
    ed25519: bool,
    allow_private: bool,
    ca_file: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Tell URL of what happens to INTEGRATION's mail from now on. The secret is shown once."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    if integration not in installation.register.snapshot().integrations:
        raise not_found("integration", integration, "wardmail integration list")
    problem = endpoint_problem(url, types)
    if problem:
        raise CommandFailed("WM-WEBHOOK", problem, "Mend it and run the command again.", USAGE)
    secret, name = make_secret(public=ed25519), new_endpoint_id()
    reference = _keep(installation, name, secret)
    endpoint = WebhookEndpoint(name, integration, url, (reference,), types, allow_private, ca_file)
    installation.webhooks.add(endpoint, actor.id)
    _show_secret(endpoint, secret, as_json)


@command.command("list")
@click.option("--integration", default="")
@json_option
@click.pass_obj
def list_(config_path: str | None, integration: str, as_json: bool) -> None:
    """List webhooks."""
    found = [each for each in Installation.at(config_path).webhooks.all() if integration in ("", each.integration)]
    if as_json:
        for each in found:
            emit(as_record(each))
        return
    rows = [
        (each.id, each.integration, each.url, ", ".join(each.types) or "all", each.stopped or "in use")
        for each in found
    ]
    table(("ID", "INTEGRATION", "ADDRESS", "TYPES", "STATE"), rows)


@command.command("rotate-secret")
@click.argument("endpoint_id", metavar="ID")
@click.option("--finish", is_flag=True, help="The receiver has the new one: sign with it alone.")
@click.option("--ed25519", is_flag=True, help="The new one is a private key; the receiver gets the public one.")
@_REASON
@by_option
@json_option
@click.pass_obj
def rotate_secret(
    config_path: str | None, *, endpoint_id: str, finish: bool, ed25519: bool, reason: str, by: str, as_json: bool
) -> None:
    """Make a new secret and sign with both, until --finish."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    endpoint = existing(installation, endpoint_id)
    if finish:
        _change(installation, endpoint, signing_refs=endpoint.signing_refs[:1], actor=actor.id, reason=reason)
        for reference in endpoint.signing_refs[1:]:
            installation.keystore.delete(reference.removeprefix("keystore:"))
        emit({"id": endpoint.id, "secrets": 1}) if as_json else say(f"{endpoint.id} is signed by the new secret alone.")
        return
    if len(endpoint.signing_refs) >= _ROTATION:
        raise CommandFailed("WM-WEBHOOK-ROTATING", "Two secrets are in use already.", "Say --finish first.", CONFLICT)
    secret = make_secret(public=ed25519)
    reference = _keep(installation, endpoint.id, secret)
    refs = (reference, *endpoint.signing_refs)
    _change(installation, endpoint, signing_refs=refs, actor=actor.id, reason=reason)
    _show_secret(endpoint, secret, as_json)


@command.command()
@click.argument("endpoint_id", metavar="ID")
@_REASON
@by_option
@json_option
@click.pass_obj
def pause(config_path: str | None, *, endpoint_id: str, reason: str, by: str, as_json: bool) -> None:
    """Tell it nothing until it is resumed; what happens meanwhile is told then."""
    _stop(config_path, endpoint_id, reason or "a person paused it", by, as_json)


@command.command()
@click.argument("endpoint_id", metavar="ID")
@_REASON
@by_option
@json_option
@click.pass_obj
def resume(config_path: str | None, *, endpoint_id: str, reason: str, by: str, as_json: bool) -> None:
    """Tell it again, also of what happened meanwhile."""
    _stop(config_path, endpoint_id, "", by, as_json, reason)


@command.command()
@click.argument("endpoint_id", metavar="ID")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def remove(config_path: str | None, *, endpoint_id: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """Forget a webhook, with what it was still to be told."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    endpoint = existing(installation, endpoint_id)
    if not confirm(f"Remove the webhook {endpoint.url}?", assume_yes=yes):
        raise SystemExit(FAILED)
    installation.webhooks.remove(endpoint, actor.id, reason)
    for reference in endpoint.signing_refs:
        installation.keystore.delete(reference.removeprefix("keystore:"))
    emit({"id": endpoint.id, "removed": True}) if as_json else say(f"{endpoint.id} is removed.")


def _stop(config_path: str | None, name: str, stopped: str, by: str, as_json: bool, reason: str = "") -> None:  # noqa: PLR0917
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    endpoint = existing(installation, name)
    stop_or_resume(installation.webhooks, endpoint.id, stopped, actor.id, reason or stopped)
    state = "paused" if stopped else "in use"
    emit({"id": endpoint.id, "state": state}) if as_json else say(f"{endpoint.id} is {state}.")


def _change(
    installation: Installation, endpoint: WebhookEndpoint, *, signing_refs: tuple[str, ...], actor: str, reason: str
) -> None:
    """Raises CommandFailed when the secrets are not those that `endpoint` was read with: another person rotates too."""

    def rotated(each: WebhookEndpoint) -> WebhookEndpoint:
        if each.signing_refs != endpoint.signing_refs:
            raise CommandFailed(
                "WM-WEBHOOK-ROTATING", "Somebody else changed its secrets just now.", "See `webhook list`.", CONFLICT
            )
        return replace(each, signing_refs=signing_refs)

    installation.webhooks.change(endpoint.id, rotated, "WebhookSecretRotated", actor, reason)


def _keep(installation: Installation, name: str, secret: SigningSecret) -> str:
    """Under a name of its own: of two who rotate at once, neither may replace what the other was shown."""
    entry = f"webhook-{name}-{token_hex(4)}"
    installation.keystore.put(entry, "route-secret", secret.kept.encode(), since=str(installation.clock.now()))
    return f"keystore:{entry}"


def _show_secret(endpoint: WebhookEndpoint, secret: SigningSecret, as_json: bool) -> None:
    if as_json:
        emit(as_record(endpoint) | {"secret": secret.told})
        return
    say(f"Webhook  {endpoint.id}")
    say(f"{'Public key' if secret.told.startswith('whpk_') else 'Secret'}   {secret.told}")
    note("Give it to the receiver. It is not shown again.")


for each in (test, deliveries, replay):
    command.add_command(each)

"""`wardmail webhook`: where programs are told of what happens to their mail."""

from __future__ import annotations

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.commands.webhook_deliveries import deliveries, replay, test
from wardmail.app.failures import FAILED
from wardmail.app.installation import Installation
from wardmail.app.office.webhooks import WebhookOffice
from wardmail.app.output import confirm, emit, json_option, note, say, table
from wardmail.app.webhook_output import as_record, existing
from wardmail.model.person import Permission

_REASON = reason_option(required=False)


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
    made = WebhookOffice(installation).add(
        actor, integration, url, types=types, ed25519=ed25519, allow_private=allow_private, ca_file=ca_file
    )
    _show_secret(made, as_json)


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
    table(("Webhook", "Integration", "Address", "Types", "State"), rows)


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
    office = WebhookOffice(installation)
    if finish:
        done = office.finish(actor, endpoint_id, reason)
        emit({"id": done["id"], "secrets": 1}) if as_json else say(f"{done['id']} is signed by the new secret alone.")
        return
    _show_secret(office.rotate(actor, endpoint_id, ed25519=ed25519, reason=reason), as_json)


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
    WebhookOffice(installation).remove(actor, endpoint.id, reason)
    emit({"id": endpoint.id, "removed": True}) if as_json else say(f"{endpoint.id} is removed.")


def _stop(config_path: str | None, name: str, stopped: str, by: str, as_json: bool, reason: str = "") -> None:  # noqa: PLR0917
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    done = WebhookOffice(installation).stop(actor, name, stopped=stopped, reason=reason)
    state = "paused" if stopped else "in use"
    emit({"id": done["id"], "state": state}) if as_json else say(f"{done['id']} is {state}.")


def _show_secret(made: dict[str, object], as_json: bool) -> None:
    if as_json:
        emit(made)
        return
    say(f"Webhook  {made['id']}")
    say(f"{'Public key' if str(made['secret']).startswith('whpk_') else 'Secret'}   {made['secret']}")
    note("Give it to the receiver. It is not shown again.")


for each in (test, deliveries, replay):
    command.add_command(each)

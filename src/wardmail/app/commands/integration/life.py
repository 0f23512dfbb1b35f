"""`wardmail integration trial`, `suspend`, `resume` and `retire`."""

from __future__ import annotations

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.commands.integration.records import changed_or_failed, desk_of, existing
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, emit, json_option, note, say
from wardmail.manage.documents import state_words
from wardmail.manage.integration_desk import STEPS
from wardmail.model.integration import Integration
from wardmail.model.person import Permission
from wardmail.model.route import RouteKind

_CODE = "WM-INTEGRATION-STATE"


@click.command()
@click.argument("name")
@reason_option(required=False, default="its trial begins")
@by_option
@json_option
@click.pass_obj
def trial(config_path: str | None, name: str, *, reason: str, by: str, as_json: bool) -> None:
    """Let a draft send: by a sandbox route to anybody, by a real one to its team recipients only."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.DRAFT_INTEGRATIONS)
    after = changed_or_failed(desk_of(installation).take(actor, name, "trial", reason), name, _CODE)
    _say(after, as_json)
    route = installation.register.snapshot().routes.get(after.route)
    if not after.registration.team_recipients and (route is None or route.kind is not RouteKind.SANDBOX):
        note(f"It can write to nobody yet: wardmail integration change {name} --team-recipient you@trust.example")
    note(f"What is left to do: wardmail integration go-live {name}")


@click.command()
@click.argument("name")
@reason_option()
@by_option
@json_option
@click.pass_obj
def suspend(config_path: str | None, *, name: str, reason: str, by: str, as_json: bool) -> None:
    """Stop an integration within a second. Mail that it handed in already is held, not lost."""
    _step(config_path, name, by, "suspend", (reason, as_json))


@click.command()
@click.argument("name")
@reason_option(required=False)
@by_option
@json_option
@click.pass_obj
def resume(config_path: str | None, name: str, *, reason: str, by: str, as_json: bool) -> None:
    """Let a suspended integration go on from where it was. What was held meanwhile waits for `hold release`."""
    _step(config_path, name, by, "resume", (reason, as_json))


@click.command()
@click.argument("name")
@reason_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def retire(config_path: str | None, name: str, *, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """End an integration for good: no log-in any more, and no way back. Its record and its audit stay."""
    existing(Installation.at(config_path).register.snapshot(), name)
    if not confirm(f"{name} never sends again?", assume_yes=yes):
        raise SystemExit(1)
    _step(config_path, name, by, "retire", (reason, as_json))


def _step(config_path: str | None, name: str, by: str, step: str, told: tuple[str, bool]) -> None:
    reason, as_json = told
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, STEPS[step][1])
    _say(changed_or_failed(desk_of(installation).take(actor, name, step, reason), name, _CODE), as_json)


def _say(after: Integration, as_json: bool) -> None:
    if as_json:
        emit({"integration": after.id, "state": after.state.value})
    else:
        say(f"Integration {after.id} is {state_words(after.state)}.")

"""`wardmail sandbox`: make receivers misbehave, to see what happens then."""

from __future__ import annotations

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, say, table
from wardmail.app.sandbox_stage import stage_of
from wardmail.model.person import Permission
from wardmail.model.route import RouteKind


@click.group()
def command() -> None:
    """The sandbox: routes of this kind keep all mail on this machine, and play what goes wrong elsewhere."""


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List what can be played, and which address plays it at any time."""
    stage = stage_of(Installation.at(config_path))
    current = stage.current()
    if as_json:
        for name, words in stage.acts.items():
            emit({"act": name, "words": words, "played": name == current})
        for address, words in stage.simulators.items():
            emit({"address": address, "words": words})
        return
    table(("", "Play", "What happens"), [("*" if n == current else "", n, words) for n, words in stage.acts.items()])
    say()
    table(("Address", "What happens, whatever is played"), list(stage.simulators.items()))


@command.command()
@click.argument("act")
@by_option
@json_option
@click.pass_obj
def play(config_path: str | None, *, act: str, by: str, as_json: bool) -> None:
    """Play ACT from the next attempt on, for all mail by sandbox routes; `well` ends it."""
    installation = Installation.at(config_path)
    if not any(route.kind is RouteKind.SANDBOX for route in installation.register.snapshot().routes.values()):
        raise CommandFailed(
            "WM-SANDBOX-NONE", "This installation has no route of the kind sandbox.", "Use `wardmail run`."
        )
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    stage = stage_of(installation)
    if act not in stage.acts:
        raise CommandFailed("WM-SANDBOX-ACT", f"Nothing is called {act!r}.", "See `wardmail sandbox list`.")
    stage.choose(act, actor.id)
    emit({"act": act, "words": stage.acts[act]}) if as_json else say(f"{stage.acts[act]}, from the next attempt on.")

"""`wardmail retention`: how long content is kept, and what must be kept for longer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import sleep

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.commands.integration.records import change_record, existing
from wardmail.app.commands.legal_hold import hold
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, emit, json_option, moment, note, progress, rfc3339, say, table
from wardmail.edges.sealing import ContentSealer
from wardmail.model.person import Permission
from wardmail.model.register import Change
from wardmail.model.retention import LONGEST_DAYS, GroupCount

_FOLLOWED = 1.5
"""Seconds after which every process knows the new term: what came in before is changed, and nothing is missed."""


@click.group()
def command() -> None:
    """When its term ends, content is deleted and its data key destroyed; what happened to a message stays on record."""


command.add_command(hold)


@command.command()
@json_option
@click.pass_obj
def show(config_path: str | None, as_json: bool) -> None:
    """The terms of the integrations, and what each data key still opens."""
    installation = Installation.at(config_path)
    default, snapshot = installation.settings["retention.days"], installation.register.snapshot()
    terms = {each.id: each.retention_days for each in snapshot.integrations.values()}
    groups = _groups(installation)
    holds = [each for each in installation.legal_holds.all() if each.lifted_at is None]
    if as_json:
        for name, days in sorted(terms.items()):
            emit({"integration": name, "days": default if days is None else days, "own": days is not None})
        for each in groups:
            ends = {"ends": rfc3339(each.ends), "messages": each.messages, "due": each.due}
            emit({"data_key": each.group, **ends})
        return
    rows = [
        (name, f"{default if days is None else days} days", "" if days is None else "its own")
        for name, days in sorted(terms.items())
    ]
    table(("Integration", "Content is kept", ""), rows)
    say()
    table(
        ("Data key (day.term)", "Destroyed after", "Messages with content", "Of these, past their term"),
        [(each.group, moment(each.ends), each.messages, each.due) for each in groups],
    )
    say()
    say(f"{len(holds)} legal holds in force (wardmail retention hold list).")


@command.command("set")
@click.argument("integration")
@click.argument("days", type=click.IntRange(0, LONGEST_DAYS))
@reason_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def set_(
    config_path: str | None, *, integration: str, days: int, reason: str, yes: bool, by: str, as_json: bool
) -> None:
    """Keep the content of INTEGRATION for so many DAYS, also of what is stored already. 0: until it is delivered."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.GOVERN_INTEGRATIONS)
    existing(installation.register.snapshot(), integration)
    question = f"Keep content of {integration} for {days} days? What is older is deleted within the hour."
    if not confirm(question, assume_yes=yes):
        raise SystemExit(1)
    made = Change("IntegrationSaved", actor.id, reason)
    change_record(installation, integration, lambda each, _: replace(each, retention_days=days), made)
    sleep(_FOLLOWED)
    groups = ContentSealer(installation.keystore).groups()
    tell, changed = progress("data keys"), 0
    for number, group in enumerate(groups, 1):
        changed += installation.shelves.change_term(group, integration, days)
        tell(number, len(groups))
    installation.shelves.note_term(integration, days, changed, actor.id, reason)
    if as_json:
        emit({"integration": integration, "days": days, "messages": changed})
    else:
        say(f"Content of {integration} is kept for {days} days; {changed} stored messages changed their term.")


@command.command()
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def run(config_path: str | None, *, dry_run: bool, yes: bool, by: str, as_json: bool) -> None:
    """End now what is past its term. The gateway does so itself, each hour."""
    from wardmail.app.wiring import make_shredder, open_world
    from wardmail.edges.spool import SealedSpool
    from wardmail.store.queue import StoreQueue

    installation = Installation.at(config_path)
    due = sum(each.due for each in _groups(installation))
    if dry_run:
        emit({"due": due}) if as_json else say(
            f"{due} messages are past their term, but for what waits or is under a hold."
        )
        return
    actor = acting_person(installation, by, Permission.GOVERN_INTEGRATIONS)
    if not confirm(f"Delete the content of up to {due} messages for good?", assume_yes=yes):
        raise SystemExit(1)
    with open_world(installation, "retention") as world:
        assert isinstance(world.queue, StoreQueue)
        shredder = make_shredder(installation, world.queue, SealedSpool(installation.settings.data / "spool"))
        done = asyncio.run(shredder.sweep(actor.id, progress("data keys")))
    if as_json:
        emit(
            {
                "messages": done.messages,
                "moved": done.moved,
                "destroyed": list(done.keys),
                "search_keys": list(done.search_keys),
            }
        )
    else:
        say(f"The content of {done.messages} messages is deleted, and {len(done.keys)} data keys are destroyed.")
        if done.moved:
            say(f"{done.moved} messages that still wait, or are under a hold, were sealed anew.")
    if done.keys:
        note("Copies of the keystore from before can still open old backups: see docs/how-to/keep-secrets.md.")


def _groups(installation: Installation) -> list[GroupCount]:
    names = ContentSealer(installation.keystore).groups()
    return list(installation.shelves.count_now(names, installation.clock.now()))

"""`wardmail hold assign` and `extend`: who decides, and until when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import CONFLICT, NOT_PERMITTED, CommandFailed, not_found
from wardmail.app.held import held_lines
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, rfc3339, say
from wardmail.model.hold import Hold
from wardmail.model.person import Permission, Person
from wardmail.model.stored import Event
from wardmail.outbound.holding import may_decide

_REASON = click.option("--reason", required=True, help="Why; kept in the audit with your name.")
_MOST_DAYS = 30


@click.command()
@click.argument("message_id")
@click.argument("person")
@_REASON
@by_option
@json_option
@click.pass_obj
def assign(config_path: str | None, *, message_id: str, person: str, reason: str, by: str, as_json: bool) -> None:
    """Give a held message to PERSON to decide; the alerts begin anew with them."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RELEASE_HOLDS)
    owner = installation.people.all().get(person)
    if owner is None or not owner.is_here:
        raise not_found("person", person, "wardmail person list")
    tasks = _tasks(installation, message_id)
    for task in tasks:
        _require_may_decide(owner, task)
    now = installation.clock.now()
    changed = _change(
        installation,
        tasks,
        lambda task: replace(task, owner=owner.id, level=0, alert_at=now),
        Event("HoldAssigned", now, actor.id, tasks[0].message_id, "message", {"owner": owner.id, "reason": reason}),
    )
    emit({"id": changed[0].message_id, "owner": owner.id}) if as_json else say(f"{owner.id} decides now, and is told.")


@click.command()
@click.argument("message_id")
@click.option("--by-days", type=click.FloatRange(0, _MOST_DAYS, min_open=True), required=True)
@_REASON
@by_option
@json_option
@click.pass_obj
def extend(config_path: str | None, *, message_id: str, by_days: float, reason: str, by: str, as_json: bool) -> None:
    """Give a held message more time before its deadline."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RELEASE_HOLDS)
    tasks, now = _tasks(installation, message_id), installation.clock.now()
    detail: dict[str, object] = {"days": by_days, "reason": reason}
    changed = _change(
        installation,
        tasks,
        lambda task: replace(task, deadline=max(task.deadline, now) + by_days * 86_400),
        Event("HoldExtended", now, actor.id, tasks[0].message_id, "message", detail),
    )
    deadline = changed[0].deadline
    if as_json:
        emit({"id": changed[0].message_id, "deadline": rfc3339(deadline)})
    else:
        say(f"The deadline is {moment(deadline)} now.")


def _tasks(installation: Installation, message_id: str) -> Sequence[Hold]:
    line = held_lines(installation, message_id)[0]
    tasks = installation.holds.of_message(line.message_id)
    if not tasks:
        raise CommandFailed(
            "WM-HOLD-NO-TASK",
            f"Nobody has been asked about {line.message_id} yet.",
            "The running gateway does that within seconds; try again.",
            CONFLICT,
        )
    return tasks


def _change(
    installation: Installation, tasks: Sequence[Hold], change: Callable[[Hold], Hold], event: Event
) -> Sequence[Hold]:
    changed = [change(task) for task in tasks]
    installation.holds.change(changed, event)
    return changed


def _require_may_decide(owner: Person, task: Hold) -> None:
    if not may_decide(owner, task.urgent):
        raise CommandFailed(
            "WM-NOT-PERMITTED",
            f"{owner.id} may not decide about this message.",
            "Name somebody who may: see `wardmail person list`.",
            NOT_PERMITTED,
        )

"""`wardmail hold assign` and `extend`: who decides, and until when."""

from __future__ import annotations

from collections.abc import Sequence

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, NOT_PERMITTED, CommandFailed, not_found
from wardmail.app.held import held_lines
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, rfc3339, say
from wardmail.model.hold import Hold
from wardmail.model.person import Permission
from wardmail.outbound import deciding
from wardmail.outbound.deciding import MayNotDecide, NotAsked

_REASON = reason_option()


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
    found, now = held_lines(installation, message_id)[0].message_id, installation.clock.now()
    _changed(deciding.assign(installation.holds, found, owner, actor=actor.id, reason=reason, now=now), found)
    emit({"id": found, "owner": owner.id}) if as_json else say(f"{owner.id} decides now, and is told.")


@click.command()
@click.argument("message_id")
@click.option("--by-days", type=click.FloatRange(0, deciding.LONGEST_EXTENSION, min_open=True), required=True)
@_REASON
@by_option
@json_option
@click.pass_obj
def extend(config_path: str | None, *, message_id: str, by_days: float, reason: str, by: str, as_json: bool) -> None:
    """Give a held message more time before its deadline."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RELEASE_HOLDS)
    found, now = held_lines(installation, message_id)[0].message_id, installation.clock.now()
    done = deciding.extend(installation.holds, found, by_days, actor=actor.id, reason=reason, now=now)
    deadline = _changed(done, found)[0].deadline
    if as_json:
        emit({"id": found, "deadline": rfc3339(deadline)})
    else:
        say(f"The deadline is {moment(deadline)} now.")


def _changed(outcome: Sequence[Hold] | NotAsked | MayNotDecide, message_id: str) -> Sequence[Hold]:
    match outcome:
        case NotAsked():
            raise CommandFailed(
                "WM-HOLD-NO-TASK",
                f"Nobody has been asked about {message_id} yet.",
                "The running gateway does that within seconds; try again.",
                CONFLICT,
            )
        case MayNotDecide(person):
            raise CommandFailed(
                "WM-NOT-PERMITTED",
                f"{person} may not decide about this message.",
                "Name somebody who may: see `wardmail person list`.",
                NOT_PERMITTED,
            )
        case tasks:
            return tasks

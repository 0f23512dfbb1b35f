"""`wardmail hold`: messages that wait for a person."""

from __future__ import annotations

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.commands.hold_decisions import cancel, release
from wardmail.app.commands.hold_tasks import assign, extend
from wardmail.app.held import held_lines, why_held
from wardmail.app.installation import Installation
from wardmail.app.message_output import held_record, most_pressing
from wardmail.app.output import at_most, emit, json_option, moment, say, span, table
from wardmail.model.classification import Sensitivity
from wardmail.model.delivery import RecipientState
from wardmail.model.hold import Ending, Hold
from wardmail.model.person import Permission
from wardmail.store.messages import Search

_MOST_LOOKED_AT = 10_000
_FIRST = "the most pressing"


@click.group()
def command() -> None:
    """Held messages: nothing held is lost, and nothing held is sent until a person says so.

    Each has an owner, a deadline, and a stated end; alerts go out on a clock until somebody decides.
    """


for each in (release, cancel, assign, extend):
    command.add_command(each)


@command.command("list")
@click.option("--integration", default="")
@click.option("--mine", is_flag=True, help="Only what you own, by name or by role.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True)
@by_option
@json_option
@click.pass_obj
def list_(config_path: str | None, *, integration: str, mine: bool, limit: int, by: str, as_json: bool) -> None:
    """List held copies, time-critical ones first, then by deadline."""
    installation = Installation.at(config_path)
    most, states = _MOST_LOOKED_AT if mine else limit, (RecipientState.HELD.value,)
    wanted = Search(states=states, integration=integration, limit=most + 1, most_pressing=True)
    lines = at_most(most, installation.messages.search(wanted), _FIRST)
    tasks = installation.holds.all_open()
    pairs = [(line, tasks.get((line.message_id, line.n))) for line in lines]
    if mine:
        person = acting_person(installation, by, Permission.SEE)
        owners = {person.id, *(f"role:{role.value}" for role in person.roles)}
        pairs = [(line, task) for line, task in pairs if task is not None and task.owner in owners]
    pairs = [*at_most(limit, sorted(pairs, key=most_pressing), _FIRST)]
    now = installation.clock.now()
    if as_json:
        for line, task in pairs:
            emit(held_record(line, task))
        return
    rows = [
        (
            line.message_id,
            ("! " if line.urgent else "") + span(now - line.received_at),
            line.recipient,
            line.integration,
            _owner(task),
            _left(task, now),
            why_held(line),
        )
        for line, task in pairs
    ]
    table(("Message", "Waiting", "To", "Integration", "Decides", "Deadline", "Why held"), rows)


@command.command()
@click.argument("message_id")
@json_option
@click.pass_obj
def show(config_path: str | None, message_id: str, as_json: bool) -> None:
    """Show why a message is held, who decides until when, and what can be done."""
    installation = Installation.at(config_path)
    lines = held_lines(installation, message_id)
    tasks = {task.n: task for task in installation.holds.of_message(lines[0].message_id)}
    if as_json:
        for line in lines:
            emit(held_record(line, tasks.get(line.n)))
        return
    first, now = lines[0], installation.clock.now()
    say(f"Message {first.message_id} from {first.sender}, by integration {first.integration}")
    say(f"  {Sensitivity(first.sensitivity).label}, waiting since {moment(first.received_at)}")
    for line in lines:
        say(f"  To {line.recipient}{' — TIME-CRITICAL' if line.urgent else ''}: {why_held(line)}")
        _say_task(tasks.get(line.n), now)
    say()
    say(f"  Let it go     wardmail hold release {first.message_id} --reason '…'")
    say(f"  Do not send   wardmail hold cancel {first.message_id} --reason '…'")
    say(f"  More time     wardmail hold extend {first.message_id} --by-days 2 --reason '…'")
    say(f"  Ask another   wardmail hold assign {first.message_id} PERSON --reason '…'")


def _say_task(task: Hold | None, now: float) -> None:
    if task is None:
        say("     Nobody has been asked yet; the running gateway does that within seconds.")
        return
    say(f"     Decides  {_owner(task)}, by {moment(task.deadline)} ({_left(task, now)}); alerted {task.level} times")
    say(f"     Then     {_then(task)}")
    if task.proposed_by:
        say(f"     Proposed {task.proposed_by} would release it; another person must agree")


def _owner(task: Hold | None) -> str:
    return "-" if task is None else task.owner.removeprefix("role:")


def _left(task: Hold | None, now: float) -> str:
    if task is None:
        return "-"
    return f"in {span(task.deadline - now)}" if task.deadline > now else f"{span(now - task.deadline)} ago"


def _then(task: Hold) -> str:
    if task.ending is Ending.KEEP:
        return "it stays held, and the alerts go on"
    return "it goes back to its sender unsent"

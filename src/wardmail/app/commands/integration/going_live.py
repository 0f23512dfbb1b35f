"""`wardmail integration go-live`, `tick`, `untick`, `sign-off` and `override`: what takes more than one person."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby

import click

from wardmail.app.acting import acting_person, by_option, reason_option, require_reason
from wardmail.app.commands.integration.records import changed_or_failed, desk_of, existing, seen_of
from wardmail.app.failures import FINDINGS, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, note, rfc3339, say
from wardmail.manage.going_live import Task, tasks, to_do
from wardmail.manage.integration_desk import ASKING
from wardmail.model.integration import Integration
from wardmail.model.person import Permission
from wardmail.model.registration import Ask, Matter

_REASON = reason_option(required=False)
_APPROVE = click.option("--approve", is_flag=True, help="Say yes to what another person asked for.")


@click.command("go-live")
@click.argument("name")
@click.option("--go", is_flag=True, help="Ask to go live, when every task is done.")
@_APPROVE
@_REASON
@by_option
@json_option
@click.pass_obj
def go_live(
    config_path: str | None, name: str, *, go: bool, approve: bool, reason: str, by: str, as_json: bool
) -> None:
    """Show the tasks before an integration goes live, by who sees to them. One person asks (--go), another approves."""
    installation = Installation.at(config_path)
    integration = existing(installation.register.snapshot(), name)
    if not go and not approve:
        _show_tasks(installation, integration, as_json)
        return
    _nothing_left(installation, integration)
    _settle(installation, name, Ask(Matter.GO_LIVE, by, 0, reason), approve=approve, as_json=as_json)


@click.command()
@click.argument("name")
@click.argument("task")
@reason_option("Why it is done; kept in the audit with your name.")
@click.option("--evidence", default="", help="Where that can be seen: a link, a ticket, a minute.")
@by_option
@json_option
@click.pass_obj
def tick(config_path: str | None, name: str, task: str, *, reason: str, evidence: str, by: str, as_json: bool) -> None:
    """Vouch that a task is done. Tasks that the record or the gateway shows need no tick."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.SEE)
    after = desk_of(installation).tick(actor, name, task, reason, evidence)
    changed_or_failed(after, name, "WM-TASK")
    emit({"integration": name, "task": task, "done": True, "by": actor.id}) if as_json else say(f"{task} is ticked.")


@click.command()
@click.argument("name")
@click.argument("task")
@reason_option()
@by_option
@json_option
@click.pass_obj
def untick(config_path: str | None, name: str, task: str, *, reason: str, by: str, as_json: bool) -> None:
    """Take back that a task is done."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.DRAFT_INTEGRATIONS)
    changed_or_failed(desk_of(installation).untick(actor, name, task, reason), name, "WM-TASK")
    emit({"integration": name, "task": task, "done": False, "by": actor.id}) if as_json else say(f"{task} is to do.")


@click.command("sign-off")
@click.argument("name")
@click.argument("matter", type=click.Choice([Matter.ON_PREMISES.value, Matter.LOCATION.value]))
@_APPROVE
@_REASON
@by_option
@json_option
@click.pass_obj
def sign_off(
    config_path: str | None, name: str, matter: str, *, approve: bool, reason: str, by: str, as_json: bool
) -> None:
    """Ask for, or approve, an exception: an on-premises service, or a location outside the United Kingdom."""
    _settle(Installation.at(config_path), name, Ask(Matter(matter), by, 0, reason), approve=approve, as_json=as_json)


@click.command()
@click.argument("name")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Its last day, as 2027-03-31.")
@_APPROVE
@_REASON
@by_option
@json_option
@click.pass_obj
def override(
    config_path: str | None, name: str, *, until: datetime | None, approve: bool, reason: str, by: str, as_json: bool
) -> None:
    """Let an overdue integration send until a day. One person asks with --until, another approves; it ends by itself."""
    if until is None and not approve:
        raise CommandFailed("WM-OPTION-MISSING", "--until or --approve is needed.", "Say until when.", USAGE)
    day = until.replace(tzinfo=UTC).date() if until else None
    ask = Ask(Matter.OVERRIDE, by, 0, reason, until=day)
    _settle(Installation.at(config_path), name, ask, approve=approve, as_json=as_json)


def _settle(installation: Installation, name: str, ask: Ask, *, approve: bool, as_json: bool) -> None:
    """`ask.by` is what --by said; whoever that turns out to be is who asks or approves."""
    _, _, permission = ASKING[ask.matter]
    actor = acting_person(installation, ask.by, Permission.GOVERN_INTEGRATIONS if approve else permission)
    require_reason(ask.reason)
    desk = desk_of(installation)
    done = desk.approve(actor, name, ask.matter, ask.reason) if approve else desk.ask(actor, name, ask)
    after = changed_or_failed(done, name, "WM-FOUR-EYES" if approve else "WM-INTEGRATION-STATE")
    _say_settled(after, ask.matter, approve=approve, as_json=as_json)


def _say_settled(after: Integration, matter: Matter, *, approve: bool, as_json: bool) -> None:
    if as_json:
        emit({"integration": after.id, "matter": matter.value, "approved": approve, "state": after.state.value})
    elif approve:
        say(f"Integration {after.id} is live." if matter is Matter.GO_LIVE else f"Approved: {matter.value}.")
    else:
        say(f"Asked for: {matter.value}. Another person approves it with --approve.")


def _nothing_left(installation: Installation, integration: Integration) -> None:
    left = to_do(integration, seen_of(installation, integration))
    if not left:
        return
    for each in left:
        note(f"To do  {each.desk.value:<24}{each.title} [{each.id}]")
        note(f"       {'':<24}{each.how.replace('NAME', integration.id)}")
    raise CommandFailed(
        "WM-GO-LIVE-NOT-READY",
        f"{integration.id} is not ready: {', '.join(each.id for each in left)}.",
        f"`wardmail integration go-live {integration.id}` shows the list.",
        FINDINGS,
    )


def _show_tasks(installation: Installation, integration: Integration, as_json: bool) -> None:
    found = tasks(integration, seen_of(installation, integration))
    if as_json:
        for each in found:
            emit(task_record(integration.id, each))
        return
    done = sum(each.done for each in found)
    say(f"{integration.name}: {done} of {len(found)} tasks are done.")
    for desk, group in groupby(found, key=lambda each: each.desk):
        say()
        say(desk.value)
        for each in group:
            say(f"  {'done ' if each.done else 'TO DO'}  {each.title} [{each.id}]")
            say(f"         {_why(each).replace('NAME', integration.id)}")
    ask = integration.registration.asked(Matter.GO_LIVE)
    say()
    if ask is not None:
        say(f"{ask.by} asked to go live, {moment(ask.at)}: {ask.reason}")
        say(f"Another person: wardmail integration go-live {integration.id} --approve --reason '…'")
    elif done == len(found):
        say(f"Ask to go live: wardmail integration go-live {integration.id} --go --reason '…'")


def _why(task: Task) -> str:
    if task.tick is not None:
        evidence = f" ({task.tick.evidence})" if task.tick.evidence else ""
        return f"{task.tick.by}, {moment(task.tick.at)}: {task.tick.reason}{evidence}"
    return (task.seen or "recorded") if task.done else task.how


def task_record(name: str, task: Task) -> dict[str, object]:
    told = task.tick
    return {
        "integration": name,
        "task": task.id,
        "desk": task.desk.value,
        "title": task.title,
        "source": task.source,
        "done": task.done,
        "to_do": "" if task.done else task.how.replace("NAME", name),
        "by": told.by if told else None,
        "at": rfc3339(told.at) if told else None,
        "reason": told.reason if told else None,
        "evidence": told.evidence if told else None,
    }

"""`wardmail hold`: messages that wait for a person."""

from __future__ import annotations

import asyncio

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.message_output import as_record
from wardmail.app.output import confirm, emit, json_option, moment, say, span, table
from wardmail.model.classification import Sensitivity
from wardmail.model.delivery import RecipientState
from wardmail.model.person import Permission
from wardmail.store.messages import MessageLine, Search

_HELD = (RecipientState.HELD.value,)


@click.group()
def command() -> None:
    """Held messages: nothing held is lost, and nothing held is sent until a person says so."""


@command.command("list")
@click.option("--integration", default="")
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True)
@json_option
@click.pass_obj
def list_(config_path: str | None, integration: str, limit: int, as_json: bool) -> None:
    """List held copies, time-critical ones first."""
    installation = Installation.at(config_path)
    lines = installation.messages.search(Search(states=_HELD, integration=integration, limit=limit))
    lines = sorted(lines, key=lambda line: (not line.urgent, line.received_at))
    if as_json:
        for line in lines:
            emit(as_record(line))
        return
    now = installation.clock.now()
    rows = [
        (
            line.message_id,
            ("! " if line.urgent else "") + span(now - line.received_at),
            line.recipient,
            line.integration,
            _why(line),
        )
        for line in lines
    ]
    table(("Message", "Waiting", "To", "Integration", "Why held"), rows)


@command.command()
@click.argument("message_id")
@json_option
@click.pass_obj
def show(config_path: str | None, message_id: str, as_json: bool) -> None:
    """Show why a message is held and what can be done."""
    lines = _held(Installation.at(config_path), message_id)
    if as_json:
        for line in lines:
            emit(as_record(line))
        return
    first = lines[0]
    say(f"Message {first.message_id} from {first.sender}, by integration {first.integration}")
    say(f"  {Sensitivity(first.sensitivity).label}, waiting since {moment(first.received_at)}")
    for line in lines:
        say(f"  To {line.recipient}{' — TIME-CRITICAL' if line.urgent else ''}: {_why(line)}")
    say()
    say(f"  Let it go     wardmail hold release {first.message_id} --reason '…'")
    say(f"  Do not send   wardmail hold cancel {first.message_id} --reason '…'")


@command.command()
@click.argument("message_id")
@click.option("--reason", required=True, help="Why it may go; kept in the audit with your name.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def release(config_path: str | None, message_id: str, *, reason: str, by: str, yes: bool, as_json: bool) -> None:
    """Let a held message go. The policy is asked again; TLS with a verified name stays required for sensitive mail."""
    from wardmail.app.wiring import open_world
    from wardmail.outbound.release import NotReleased
    from wardmail.outbound.release import release as let_go

    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RELEASE_HOLDS).id
    lines = _held(installation, message_id)
    people = ", ".join(line.recipient for line in lines)
    if not confirm(f"Send {lines[0].message_id} to {people}?", assume_yes=yes):
        raise SystemExit(1)

    async def act() -> object:
        with open_world(installation) as world:
            only = [line.n for line in lines]
            return await let_go(world, lines[0].message_id, actor=actor, reason=reason, only=only)

    released = asyncio.run(act())
    if isinstance(released, NotReleased):
        raise CommandFailed(
            "WM-HOLD-NOT-RELEASED", released.reason, f"See `wardmail hold show {message_id}`.", CONFLICT
        )
    if as_json:
        emit({"id": lines[0].message_id, "released": len(lines), "by": actor})
    else:
        say(f"Released by {actor}: {lines[0].message_id} goes to {people}.")


@command.command()
@click.argument("message_id")
@click.option("--reason", required=True, help="Why it is not sent; kept in the audit with your name.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def cancel(config_path: str | None, message_id: str, *, reason: str, by: str, yes: bool, as_json: bool) -> None:
    """Do not send a held message. Its content stays until its retention ends."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RELEASE_HOLDS).id
    lines = _held(installation, message_id)
    people = ", ".join(line.recipient for line in lines)
    if not confirm(f"Cancel {lines[0].message_id} to {people}?", assume_yes=yes):
        raise SystemExit(1)
    changed = installation.messages.change_state(
        [lines[0].message_id],
        to=RecipientState.CANCELLED,
        actor=actor,
        reason=reason,
        only=[line.n for line in lines],
    )
    if as_json:
        emit({"id": lines[0].message_id, "cancelled": len(changed), "by": actor})
    else:
        say(f"Cancelled by {actor}: {lines[0].message_id} is not sent to {people}.")


def _held(installation: Installation, message_id: str) -> list[MessageLine]:
    found = message_id.strip()
    lines = installation.messages.search(Search(found, states=_HELD, limit=1000)) if found else []
    if not lines:
        raise not_found("held message", message_id, "wardmail hold list")
    if len({line.message_id for line in lines}) > 1:
        raise CommandFailed(
            "WM-AMBIGUOUS", f"{message_id} stands for several held messages.", "Name one in full.", CONFLICT
        )
    return list(lines)


def _why(line: MessageLine) -> str:
    return line.last_reply or line.why

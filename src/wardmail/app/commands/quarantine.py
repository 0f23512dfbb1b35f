"""`wardmail quarantine`: mail that is kept back until people decide."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.arrival_output import as_record, one_arrival, why_kept
from wardmail.app.failures import CONFLICT, FAILED, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import at_most, confirm, emit, json_option, moment, say, span, table
from wardmail.model.arrival import ArrivalState
from wardmail.model.person import Permission, Person
from wardmail.model.retention import A_DAY
from wardmail.store.inbox import ArrivalSearch

if TYPE_CHECKING:
    from wardmail.inbound.quarantine import NotReleased, Proposed, Released

_REASON = reason_option()
_QUARANTINED = (ArrivalState.QUARANTINED,)


@click.group()
def command() -> None:
    """Quarantine: nothing in it is handed over until two people say so and it has been scanned again."""


@command.command("list")
@click.option("--integration", default="")
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True)
@json_option
@click.pass_obj
def list_(config_path: str | None, *, integration: str, limit: int, as_json: bool) -> None:
    """List what is in quarantine, the newest first, with who has proposed its release and when it ends."""
    installation = Installation.at(config_path)
    wanted = ArrivalSearch(states=_QUARANTINED, integration=integration, limit=limit + 1)
    found = at_most(limit, installation.inbox.search(wanted))
    if as_json:
        for each in found:
            emit(as_record(each))
        return
    handovers, now = installation.register.snapshot().handovers, installation.clock.now()
    rows = []
    for each in found:
        terms = handovers.get(each.integration)
        ends = each.received_at + (terms.quarantine_days if terms else 30) * A_DAY
        rows.append(
            (
                each.id,
                span(now - each.received_at),
                each.integration,
                each.sender or "-",
                moment(ends),
                each.proposed_by or "-",
                why_kept(each),
            )
        )
    table(("Message", "Waiting", "Integration", "From", "Ends", "Proposed by", "Why"), rows)


@command.command()
@click.argument("arrival_id", metavar="ID")
@click.option("--reasons", is_flag=True, help="Also the sentences of what was found, which name files and hosts.")
@by_option
@json_option
@click.pass_context
def show(context: click.Context, *, arrival_id: str, reasons: bool, by: str, as_json: bool) -> None:
    """Show one message in quarantine: as `wardmail inbound show`."""
    from wardmail.app.commands.inbound import show as show_arrival

    context.invoke(show_arrival, arrival_id=arrival_id, reasons=reasons, by=by, as_json=as_json)


@command.command()
@click.argument("arrival_id", metavar="ID")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def release(config_path: str | None, *, arrival_id: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """Release a message: the first person proposes, the second one agrees. Malware is released by nobody."""
    from wardmail.app.inbound_wiring import open_receiving
    from wardmail.inbound.quarantine import NotReleased

    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RELEASE_HOLDS)
    arrival = one_arrival(installation, arrival_id, *_QUARANTINED)
    if not confirm(f"Release {arrival.id} to {arrival.integration}?", assume_yes=yes):
        raise SystemExit(FAILED)

    async def run() -> Released | Proposed | NotReleased:
        with open_receiving(installation) as receiving:
            try:
                return await receiving.quarantine.release(arrival.id, actor.id, reason)
            finally:
                await receiving.close()

    outcome = asyncio.run(run())
    if isinstance(outcome, NotReleased):
        raise CommandFailed(
            "WM-QUARANTINE-NOT-RELEASED", outcome.reason, f"See `wardmail quarantine show {arrival.id}`.", CONFLICT
        )
    _told(arrival.id, outcome, actor, as_json)


def _told(arrival_id: str, outcome: Released | Proposed, actor: Person, as_json: bool) -> None:
    from wardmail.inbound.quarantine import Proposed

    if isinstance(outcome, Proposed):
        words = f"Proposed by {actor.id}; another person must agree: wardmail quarantine release {arrival_id}"
        emit({"id": arrival_id, "proposed_by": outcome.by}) if as_json else say(words)
    elif as_json:
        emit({"id": arrival_id, "released_by": [outcome.first, outcome.second]})
    else:
        say(f"{arrival_id} is released by {outcome.first} and {outcome.second}.")


@command.command()
@click.argument("arrival_id", metavar="ID")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def delete(config_path: str | None, *, arrival_id: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """Give a message to nobody. Its content stays until its retention ends; the upstream's copy goes."""
    from wardmail.app.inbound_wiring import open_receiving

    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RELEASE_HOLDS)
    arrival = one_arrival(installation, arrival_id, *_QUARANTINED)
    if not confirm(f"Delete {arrival.id}?", assume_yes=yes):
        raise SystemExit(FAILED)

    async def run() -> bool:
        with open_receiving(installation) as receiving:
            return await receiving.quarantine.delete(arrival.id, actor.id, reason)

    if not asyncio.run(run()):
        what = f"{arrival.id} changed in the meantime."
        raise CommandFailed("WM-QUARANTINE-CHANGED", what, "Look again: wardmail quarantine list", CONFLICT)
    emit({"id": arrival.id, "deleted_by": actor.id}) if as_json else say(f"{arrival.id} is deleted by {actor.id}.")


@command.command()
@json_option
@click.pass_obj
def expire(config_path: str | None, as_json: bool) -> None:
    """End what nobody has decided about in time, now; the running gateway does it by the hour."""
    from wardmail.app.inbound_wiring import open_receiving

    installation = Installation.at(config_path)

    async def run() -> int:
        with open_receiving(installation) as receiving:
            return await receiving.quarantine.expire()

    ended = asyncio.run(run())
    emit({"expired": ended}) if as_json else say(f"{ended} messages have ended in quarantine.")

"""`wardmail inbound`: mail that came in, and its way to the applications."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.arrival_output import as_record, one_arrival
from wardmail.app.failures import CONFLICT, FAILED, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.message_finding import clues_at_hand, note_of_nothing, reach_of
from wardmail.app.output import at_most, confirm, counted, emit, json_option, moment, note, plain, rfc3339, say, table
from wardmail.manage.arrival_history import arrival_sentence
from wardmail.manage.arrival_words import SENTENCES, WORDS
from wardmail.model.arrival import Arrival, ArrivalState
from wardmail.model.person import Permission
from wardmail.store.inbox import ArrivalSearch

if TYPE_CHECKING:
    from wardmail.inbound.pulling import NotPossible, PullDesk

_MOST_AT_ONCE = 10_000
_REASON = reason_option()
_STATES = click.Choice([state.value for state in ArrivalState])


@click.group()
def command() -> None:
    """Mail that came in: list, show, fetch, acknowledge, reject, and hand over again."""


@command.command("list")
@click.argument("text", default="")
@click.option("--status", "states", type=_STATES, multiple=True, help="Only in this state. Again for more.")
@click.option("--integration", default="")
@click.option("--source", default="")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@by_option
@json_option
@click.pass_obj
def list_(
    config_path: str | None,
    *,
    text: str,
    states: tuple[str, ...],
    integration: str,
    source: str,
    limit: int,
    by: str,
    as_json: bool,
) -> None:
    """List arrivals, the newest first.

    TEXT is an ID, the beginning of one, an address, its sender's Message-ID, or, for who may read content, whole words of
    the subject.
    """
    installation = Installation.at(config_path)
    reach = reach_of(installation, by)
    clues = clues_at_hand(installation, text, reach)
    wanted = ArrivalSearch(text, tuple(map(ArrivalState, states)), integration, source, limit=limit + 1, clues=clues)
    found = at_most(limit, installation.inbox.search(wanted))
    if not found:
        note_of_nothing(text, reach)
    show_arrivals(found, as_json)


def show_arrivals(arrivals: Sequence[Arrival], as_json: bool) -> None:
    if as_json:
        for each in arrivals:
            emit(as_record(each))
        return
    rows = [
        (
            each.id,
            moment(each.received_at),
            each.source,
            each.sender or "-",
            WORDS[each.state],
            each.action or "-",
            ", ".join(each.findings) or each.why,
        )
        for each in arrivals
    ]
    table(("Message", "Came", "Source", "From", "Status", "Verdict", "Found"), rows)


@command.command()
@click.argument("arrival_id", metavar="ID")
@click.option("--reasons", is_flag=True, help="Also the sentences of what was found, which name files and hosts.")
@by_option
@json_option
@click.pass_obj
def show(config_path: str | None, *, arrival_id: str, reasons: bool, by: str, as_json: bool) -> None:
    """Show one arrival and its history. Its subject and text are never shown here."""
    from wardmail.app.arrival_judgement import judgement_record

    installation = Installation.at(config_path)
    arrival = one_arrival(installation, arrival_id)
    if reasons:
        acting_person(installation, by, Permission.READ_CONTENT)
    judged = judgement_record(installation, arrival.id, sentences=reasons)
    history = installation.messages.history(arrival.id)
    if as_json:
        events = [{"at": rfc3339(e.at), "event": e.kind, "by": e.actor, "detail": e.detail} for e in history]
        emit(as_record(arrival) | {"judgement": judged, "history": events})
        return
    say(f"{arrival.id}: {WORDS[arrival.state]}. {SENTENCES[arrival.state]}")
    for key, value in (as_record(arrival) | judged).items():
        if value not in ("", [], None, 0):
            say(f"  {key:<22}{_told(value)}")
    for each in history:
        say(plain(f"  {moment(each.at)}  {arrival_sentence(each.kind, each.actor, each.detail)}"))


@command.command()
@click.argument("arrival_id", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path), help="Write it into this file instead of standard output.")
@by_option
@json_option
@click.pass_obj
def fetch(config_path: str | None, *, arrival_id: str, out: Path | None, by: str, as_json: bool) -> None:
    """Fetch a message as its application gets it. That you read it is kept in the audit."""
    from wardmail.app.inbound_wiring import open_receiving
    from wardmail.inbound.pulling import NotPossible, PullDesk

    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.READ_CONTENT)
    arrival = one_arrival(installation, arrival_id)

    async def read() -> bytes | NotPossible:
        with open_receiving(installation) as receiving:
            parcel = await PullDesk(receiving.world).fetch(arrival.id, "", actor.id)
            return parcel if isinstance(parcel, NotPossible) else parcel.message

    found = asyncio.run(read())
    if isinstance(found, NotPossible):
        raise CommandFailed(
            "WM-INBOUND-NOT-FETCHED", found.reason, f"See `wardmail inbound show {arrival.id}`.", CONFLICT
        )
    if out is not None:
        out.write_bytes(found)
        emit({"id": arrival.id, "file": str(out), "size": len(found)}) if as_json else say(
            f"{counted(len(found), 'byte')} in {out}."
        )
    elif as_json:
        emit({"id": arrival.id, "message": found.decode("ascii", "backslashreplace")})
    else:
        sys.stdout.buffer.write(found)


@command.command()
@click.argument("arrival_id", metavar="ID")
@by_option
@json_option
@click.pass_obj
def ack(config_path: str | None, *, arrival_id: str, by: str, as_json: bool) -> None:
    """Say that the application has it: then the upstream's copy may go."""
    _do(
        config_path,
        arrival_id,
        by=by,
        as_json=as_json,
        done="acknowledged",
        act=lambda desk, of, who: desk.acknowledge(of, "", who),
    )


@command.command()
@click.argument("arrival_id", metavar="ID")
@_REASON
@by_option
@json_option
@click.pass_obj
def reject(config_path: str | None, *, arrival_id: str, reason: str, by: str, as_json: bool) -> None:
    """Say that the application does not want it. It stays upstream."""
    _do(
        config_path,
        arrival_id,
        by=by,
        as_json=as_json,
        done="rejected",
        act=lambda desk, of, who: desk.reject(of, "", who, reason),
    )


@command.command()
@click.argument("arrival_id", metavar="ID")
@_REASON
@by_option
@json_option
@click.pass_obj
def replay(config_path: str | None, *, arrival_id: str, reason: str, by: str, as_json: bool) -> None:
    """Hand over once more what was handed over, with the same Wardmail-Message-Id."""
    _do(
        config_path,
        arrival_id,
        by=by,
        as_json=as_json,
        done="replayed",
        act=lambda desk, of, who: desk.replay(of, who, reason),
    )


@command.command()
@click.argument("arrival_id", metavar="ID", required=False)
@click.option("--all", "every", is_flag=True, help="Every dead letter that the next option matches.")
@click.option("--integration", default="", help="With --all: only of this integration.")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def redrive(
    config_path: str | None,
    *,
    arrival_id: str | None,
    every: bool,
    integration: str,
    reason: str,
    yes: bool,
    by: str,
    as_json: bool,
) -> None:
    """Send dead letters on their way again, once what kept the application from taking them is mended."""
    if every == bool(arrival_id):
        raise CommandFailed("WM-USAGE", "Name one arrival, or say --all.", "See --help.", USAGE)
    for each in [arrival_id] if arrival_id else _dead_letters(Installation.at(config_path), integration, yes):
        _do(
            config_path,
            each,
            by=by,
            as_json=as_json,
            done="redriven",
            act=lambda desk, of, who: desk.redrive(of, who, reason),
        )


def _dead_letters(installation: Installation, integration: str, yes: bool) -> list[str]:
    """All that a person wants to be redriven."""
    wanted = ArrivalSearch(states=(ArrivalState.DEAD_LETTER,), integration=integration, limit=_MOST_AT_ONCE + 1)
    found = installation.inbox.search(wanted)
    if len(found) > _MOST_AT_ONCE:
        found = found[:_MOST_AT_ONCE]
        note(f"There are more dead letters: these are the newest {_MOST_AT_ONCE:,}. Run it again for the others.")
    if not confirm(f"Redrive {counted(len(found), 'dead letter')}?", assume_yes=yes):
        raise SystemExit(FAILED)
    return [each.id for each in found]


def _do(
    config_path: str | None,
    arrival_id: str,
    *,
    by: str,
    as_json: bool,
    done: str,
    act: Callable[[PullDesk, str, str], Awaitable[NotPossible | None]],
) -> None:
    from wardmail.app.inbound_wiring import open_receiving
    from wardmail.inbound.pulling import PullDesk

    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    arrival = one_arrival(installation, arrival_id)

    async def run() -> NotPossible | None:
        with open_receiving(installation) as receiving:
            return await act(PullDesk(receiving.world), arrival.id, actor.id)

    problem = asyncio.run(run())
    if problem is not None:
        raise CommandFailed(
            "WM-INBOUND-NOT-DONE", problem.reason, f"See `wardmail inbound show {arrival.id}`.", CONFLICT
        )
    emit({"id": arrival.id, "done": done, "by": actor.id}) if as_json else say(f"{arrival.id} is {done}.")


def _told(value: object) -> str:
    """Sentences one after another, words with commas."""
    if not isinstance(value, list):
        return str(value)
    texts = [str(each) for each in value]
    return (" " if all(each.endswith(".") for each in texts) else ", ").join(texts)

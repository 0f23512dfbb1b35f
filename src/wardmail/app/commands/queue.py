"""`wardmail queue`: what waits to be sent, in the words of a mail administrator."""

from __future__ import annotations

import sys

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.message_output import as_record
from wardmail.app.output import at_most, confirm, counted, emit, json_option, moment, note, say, table
from wardmail.manage.queue_shape import BUCKETS, shape_of
from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.person import Permission
from wardmail.store.messages import MessageLine, Search

_WAITING = tuple(state.value for state in WAITING)
_HELD = (RecipientState.HELD.value,)
_MOST_COUNTED = 10_000
_HURRIED = "due now"


@click.group()
def command() -> None:
    """The queue. IDs may come on standard input: say `-`."""


@command.command("list")
@click.option("--domain", default="")
@click.option("--held", is_flag=True, help="Held messages too.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True)
@json_option
@click.pass_obj
def list_(config_path: str | None, domain: str, held: bool, limit: int, as_json: bool) -> None:
    """List what waits; `*` is being sent now, `!` is held."""
    states = (*_WAITING, *_HELD) if held else _WAITING
    found = Installation.at(config_path).messages.search(Search(states=states, domain=domain, limit=limit + 1))
    lines = at_most(limit, found)
    if as_json:
        for line in lines:
            emit(as_record(line))
        return
    if not lines:
        note("Nothing waits.")
        return
    say("Message             Size      Arrived               From and to")
    for line in lines:
        say(f"{line.message_id}{_sign(line)} {line.size:>9}  {moment(line.received_at):<20}  {line.sender}")
        if line.last_reply:
            say(f"{'':>29}  ({line.last_reply})")
        say(f"{'':>53}{line.recipient}")
    say(f"-- {sum(line.size for line in lines) // 1024} kbytes in {counted(len(lines), 'copy', 'copies')}.")


@command.command()
@click.option("--domain", default="", help="Only to this domain.")
@by_option
@json_option
@click.pass_obj
def flush(config_path: str | None, domain: str, by: str, as_json: bool) -> None:
    """Try everything that waits (or what waits for a domain) now."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    _told(installation.messages.hurry(None, domain, actor.id), _HURRIED, as_json)


@command.command()
@click.argument("message_ids", nargs=-1, required=True)
@by_option
@json_option
@click.pass_obj
def retry(config_path: str | None, message_ids: tuple[str, ...], by: str, as_json: bool) -> None:
    """Try these messages now."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    _told(installation.messages.hurry(_ids(message_ids), "", actor.id), _HURRIED, as_json)


@command.command()
@click.argument("message_ids", nargs=-1, required=True)
@reason_option()
@by_option
@json_option
@click.pass_obj
def hold(config_path: str | None, message_ids: tuple[str, ...], *, reason: str, by: str, as_json: bool) -> None:
    """Hold these messages until a person releases them (`wardmail hold release`)."""
    _change(config_path, message_ids, RecipientState.HELD, reason=reason, by=by, as_json=as_json)


@command.command()
@click.argument("message_ids", nargs=-1, required=True)
@reason_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def delete(
    config_path: str | None, message_ids: tuple[str, ...], *, reason: str, yes: bool, by: str, as_json: bool
) -> None:
    """Do not send these messages. They stay in the record as cancelled. About held ones decides `wardmail hold cancel`."""
    ids = _ids(message_ids)
    if not confirm(f"Cancel {len(ids)} messages?", assume_yes=yes):
        raise SystemExit(1)
    _change(config_path, tuple(ids), RecipientState.CANCELLED, reason=reason, by=by, as_json=as_json)


@command.command()
@json_option
@click.pass_obj
def shape(config_path: str | None, as_json: bool) -> None:
    """How long copies have waited, by domain: columns are minutes."""
    installation = Installation.at(config_path)
    found = shape_of(installation.messages.ages(installation.clock.now()))
    if as_json:
        for domain, row in found.domains.items():
            minutes = dict(zip([*map(str, BUCKETS), "more"], row, strict=True))
            emit({"domain": domain, "total": sum(row), "minutes": minutes})
        return
    rows = [("TOTAL", sum(found.totals), *found.totals)]
    rows += [(domain, sum(row), *row) for domain, row in found.domains.items()]
    table(("Domain", "All", *(f"<{limit}" for limit in BUCKETS), "more"), rows)


def _change(
    config_path: str | None, message_ids: tuple[str, ...], to: RecipientState, *, reason: str, by: str, as_json: bool
) -> None:
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    messages, ids = installation.messages, _ids(message_ids)
    _told(len(messages.change_state(ids, to=to, actor=actor.id, reason=reason)), to.value, as_json)
    leaving = messages.in_hand(ids)
    if leaving:
        note(f"{leaving} more being sent at this moment, and left alone: see `wardmail trace ID`.")
    if to is not RecipientState.CANCELLED:
        return
    held = sum(len(messages.search(Search(text=each, states=_HELD, limit=_MOST_COUNTED))) for each in ids)
    if held:
        note(f"{held} held, and left alone: whoever may release holds decides by `wardmail hold cancel ID`.")


def _told(copies: int, what: str, as_json: bool) -> None:
    if as_json:
        emit({"copies": copies, "now": what})
    else:
        say(f"{counted(copies, 'copy', 'copies')}: {what}.")
    if not copies and what == _HURRIED:
        note("Nothing of that waits: see `wardmail queue list`, or `wardmail trace ID`.")


def _ids(given: tuple[str, ...]) -> list[str]:
    ids = sys.stdin.read().split() if given == ("-",) else list(given)
    if not ids or any(len(each) != 18 for each in ids):
        raise CommandFailed("WM-MESSAGE-ID", "That is no message ID.", "Give the 18 letters and digits in full.", USAGE)
    return [each.upper() for each in ids]


def _sign(line: MessageLine) -> str:
    return "!" if line.state == "held" else "*" if line.leased else " "

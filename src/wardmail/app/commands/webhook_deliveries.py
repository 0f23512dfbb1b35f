"""`wardmail webhook test|deliveries|replay`: what a webhook was told, and telling it again."""

from __future__ import annotations

import asyncio

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import FAILED, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import at_most, counted, emit, json_option, moment, note, say, table
from wardmail.app.webhook_output import existing, telling_record
from wardmail.model.person import Permission
from wardmail.model.webhook_endpoint import Telling

_MOST_AT_ONCE = 10_000


@click.command()
@click.argument("endpoint_id", metavar="ID")
@json_option
@click.pass_obj
def test(config_path: str | None, endpoint_id: str, as_json: bool) -> None:
    """Post one event of the type wardmail.test now, and say what came of it."""
    installation = Installation.at(config_path)
    endpoint = existing(installation, endpoint_id)
    from wardmail.app.office.webhooks import WebhookOffice

    done = asyncio.run(WebhookOffice(installation).test(endpoint.id))
    taken, answer = done["taken"], done["answer"]
    if as_json:
        emit(done)
    elif taken:
        say(f"{endpoint.url} took it ({answer}).")
    else:
        said = f"the receiver answered {answer}" if isinstance(answer, int) else answer
        raise CommandFailed("WM-WEBHOOK-TEST", f"It was not taken: {said}.", "Mend the receiver, or the record.")
    if not taken:
        raise SystemExit(FAILED)


@click.command()
@click.argument("endpoint_id", metavar="ID")
@click.option("--failed", is_flag=True, help="Only those that were given up.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@click.pass_obj
def deliveries(config_path: str | None, *, endpoint_id: str, failed: bool, limit: int, as_json: bool) -> None:
    """List what it was told, the newest first, and how each telling went."""
    installation = Installation.at(config_path)
    endpoint = existing(installation, endpoint_id)
    found = at_most(limit, installation.webhooks.deliveries(endpoint.id, failed=failed, limit=limit + 1))
    if as_json:
        for each in found:
            emit(telling_record(each))
        return
    rows = [(each.seq, moment(each.created_at), each.type, each.attempts, _how(each)) for each in found]
    table(("Number", "At", "Type", "Tries", "How it went"), rows)


@click.command()
@click.argument("endpoint_id", metavar="ID")
@click.argument("seqs", type=int, nargs=-1)
@click.option("--all-failed", is_flag=True, help="Everything that was given up.")
@reason_option(required=False)
@by_option
@json_option
@click.pass_obj
def replay(
    config_path: str | None,
    *,
    endpoint_id: str,
    seqs: tuple[int, ...],
    all_failed: bool,
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    """Tell again, with the same webhook-id."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    endpoint = existing(installation, endpoint_id)
    if bool(seqs) == all_failed:
        raise CommandFailed("WM-USAGE", "Name the events, or say --all-failed.", "See --help.", USAGE)
    if all_failed:
        found = installation.webhooks.deliveries(endpoint.id, failed=True, limit=_MOST_AT_ONCE + 1)
        seqs = tuple(each.seq for each in found[:_MOST_AT_ONCE])
        if len(found) > _MOST_AT_ONCE:
            note(f"More were given up: these are the newest {_MOST_AT_ONCE:,}. Run it again for the others.")
    count = installation.webhooks.replay(endpoint, seqs, actor.id, reason)
    emit({"id": endpoint.id, "replayed": count}) if as_json else say(f"Told again: {counted(count, 'event')}.")


def _how(telling: Telling) -> str:
    if telling.due_at is not None:
        return f"{telling.outcome or 'not tried yet'}; next at {moment(telling.due_at)}"
    return telling.outcome

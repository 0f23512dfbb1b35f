"""`wardmail audit`: the hash-chained log of everything that happened."""

from __future__ import annotations

import click

from wardmail.app.failures import FINDINGS
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, progress, rfc3339, say, table


@click.group()
def command() -> None:
    """The tamper-evident log: every event covers the one before it."""


@command.command()
@json_option
@click.pass_obj
def verify(config_path: str | None, as_json: bool) -> None:
    """Walk the whole chain. Exit status 3 when an event was changed, removed or put in."""
    from wardmail.store.chain import verify as walk

    report = walk(Installation.at(config_path).database, None if as_json else progress("events"))
    if as_json:
        head = report.head.hex()
        emit({"ok": report.broken_at is None, "events": report.events, "head": head, "why": report.why})
    elif report.broken_at is None:
        say(f"The chain holds: {report.events} events, head {report.head.hex()[:16]}…")
    else:
        say(f"The chain is broken after {report.events} good events: {report.why}.")
        say("Keep the database as it is, and tell the people responsible for security.")
    if report.broken_at is not None:
        raise SystemExit(FINDINGS)


@command.command("list")
@click.option("--after", type=int, default=0, help="Only events after this number.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@click.pass_obj
def list_(config_path: str | None, after: int, limit: int, as_json: bool) -> None:
    """List events, oldest first."""
    events = Installation.at(config_path).messages.audit(after, limit)
    if as_json:
        for each in events:
            detail = {"seq": each.seq, "at": rfc3339(each.at), "kind": each.kind, "actor": each.actor}
            emit(detail | {"subject": each.subject, "detail": each.detail})
    else:
        rows = [(each.seq, moment(each.at), each.kind, each.actor, each.subject) for each in events]
        table(("No.", "When", "What", "Who", "About"), rows)

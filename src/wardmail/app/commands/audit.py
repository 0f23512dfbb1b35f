"""`wardmail audit`: the hash-chained log of everything that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wardmail.app.audit_heads import broken_heads, sign_today
from wardmail.app.failures import FINDINGS, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.office.audit import event_record
from wardmail.app.output import emit, json_option, moment, note, progress, say, table
from wardmail.edges.audit_heads import HeadSigner

if TYPE_CHECKING:
    from wardmail.store.connection import Database


@click.group()
def command() -> None:
    """The tamper-evident log: every event covers the one before it."""


@command.command()
@click.option("--kept", metavar="NUMBER:HASH", help="A head that an earlier run printed and you kept elsewhere.")
@click.option("--key", "public_key", default="", help="The public key as `audit key` printed it, kept elsewhere.")
@json_option
@click.pass_obj
def verify(config_path: str | None, kept: str | None, public_key: str, as_json: bool) -> None:
    """Walk the whole chain, and compare it with the signed head of each day.

    Exit status 3 when an event was changed, removed or put in.

    Keep the head that it prints where the database's administrators cannot write: with --kept, a chain that was cut or
    written anew as a whole is found out too.
    """
    from wardmail.store.chain import verify as walk

    installation = Installation.at(config_path)
    database = installation.database
    report = walk(database, None if as_json else progress("events"))
    heads = list(broken_heads(installation, public_key))
    why = report.why or _difference(database, kept) or "; ".join(heads)
    head = f"{report.events}:{report.head.hex()}"
    if as_json:
        emit({"ok": not why, "events": report.events, "head": head, "why": why})
    elif not why:
        say(f"The chain holds: {report.events} events.")
        say(f"Head  {head}")
    else:
        say(f"The chain is broken: {why}.")
        say("Keep the database as it is, and tell the people responsible for security.")
    if why:
        raise SystemExit(FINDINGS)


def _difference(database: Database, kept: str | None) -> str:
    """Empty when the chain still goes through the head that was kept."""
    if kept is None:
        return ""
    number, _, digest = kept.partition(":")
    if not number.isdigit() or not digest:
        raise CommandFailed("WM-AUDIT-HEAD", f"{kept!r} is no head.", "Give it as it was printed, NUMBER:HASH.", USAGE)
    from wardmail.store.chain import hash_at

    found = hash_at(database, int(number))
    if found is None:
        return f"event {number}, whose hash was kept, is gone"
    return "" if found.hex() == digest.lower() else f"event {number} is not the one whose hash was kept"


@command.command()
@json_option
@click.pass_obj
def head(config_path: str | None, as_json: bool) -> None:
    """Sign the audit's head for today now; the running gateway does it by itself each day."""
    installation = Installation.at(config_path)
    signed = sign_today(installation)
    if as_json:
        emit({"signed": signed is not None, "file": str(signed[0]) if signed else None})
    else:
        say(f"Signed: {signed[0]}" if signed else "Today's head is signed already.")


@command.command()
@json_option
@click.pass_obj
def key(config_path: str | None, as_json: bool) -> None:
    """Print the public key of the signed heads: keep it where the gateway's administrators cannot write."""
    public = HeadSigner(Installation.at(config_path).keystore).public_key
    emit({"key": public}) if as_json else say(public)


@command.command("list")
@click.option("--after", type=click.IntRange(min=0), help="From the event after this number on; 0: from the beginning.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@click.pass_obj
def list_(config_path: str | None, after: int | None, limit: int, as_json: bool) -> None:
    """List the newest events, or those from --after on; each list ends with its newest."""
    from wardmail.store.newest_events import newest_events

    installation = Installation.at(config_path)
    if after is None:
        events = [*reversed(newest_events(installation.database, None, limit))]
    else:
        found = installation.messages.audit(after, limit + 1)
        events = [*found[:limit]]
        if len(found) > limit:
            note(f"There are newer events: go on with --after {events[-1].seq}.")
    if as_json:
        for each in events:
            emit(event_record(each))
    else:
        rows = [(each.seq, moment(each.at), each.kind, each.actor, each.subject) for each in events]
        table(("No.", "When", "What", "Who", "About"), rows)
    if after is None and events and events[0].seq > 1:
        note("There are older events: --after 0 lists them from the first one on.")

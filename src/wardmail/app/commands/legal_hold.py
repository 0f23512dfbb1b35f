"""`wardmail retention hold`: content that must be kept whatever its term."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import day_option, emit, json_option, moment, note, rfc3339, say, table
from wardmail.model.person import Permission
from wardmail.model.retention import LegalHold
from wardmail.protocol.domain import InvalidDomain, parse_domain


@click.group()
def hold() -> None:
    """Legal holds: what they fit is not deleted until they are lifted."""


@hold.command()
@click.option("--message", "message_id", default="", help="One message, by its ID.")
@click.option("--integration", default="", help="What this integration sent.")
@click.option("--recipient", default="", help="What went to this address, or @domain.")
@day_option("--since", help="What came in on this day or later (UTC).")
@day_option("--until", help="What came in on this day or earlier (UTC).")
@reason_option("The case, and who asked.")
@by_option
@json_option
@click.pass_obj
def place(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    message_id: str,
    integration: str,
    recipient: str,
    since: date | None,
    until: date | None,
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    """Keep what fits all of the options, also what comes in later. At least one of them is needed."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.GOVERN_INTEGRATIONS)
    wanted = LegalHold(
        number=0,
        reason=reason,
        placed_by=actor.id,
        placed_at=installation.clock.now(),
        message_id=message_id.strip().upper(),
        integration=integration,
        recipient=_checked_recipient(recipient),
        since=_start_of(since) if since else None,
        until=_start_of(until + timedelta(days=1)) if until else None,
    )
    _require_sense(installation, wanted)
    placed = installation.legal_holds.place(wanted)
    kept = installation.legal_holds.kept(placed)
    if as_json:
        emit({**_record(placed), "messages": kept})
        return
    say(f"Legal hold {placed.number} is placed: {placed.in_words}. It keeps {kept} messages today.")
    if not kept:
        note("Nothing that is stored fits it now. Check what you typed, if you expected some.")


@hold.command("list")
@click.option("--all", "lifted_too", is_flag=True, help="Also those that were lifted.")
@json_option
@click.pass_obj
def list_(config_path: str | None, lifted_too: bool, as_json: bool) -> None:
    """List legal holds."""
    holds = [each for each in Installation.at(config_path).legal_holds.all() if lifted_too or each.lifted_at is None]
    if as_json:
        for each in holds:
            emit(_record(each))
        return
    rows = [
        (each.number, each.in_words, each.placed_by, moment(each.placed_at), moment(each.lifted_at), each.reason)
        for each in holds
    ]
    table(("No.", "Keeps", "Placed by", "Placed", "Lifted", "Reason"), rows)


@hold.command()
@click.argument("number", type=click.IntRange(1))
@reason_option()
@by_option
@json_option
@click.pass_obj
def lift(config_path: str | None, *, number: int, reason: str, by: str, as_json: bool) -> None:
    """End a legal hold. What is past its term is then deleted within the hour."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.GOVERN_INTEGRATIONS)
    lifted = installation.legal_holds.lift(number, actor.id, installation.clock.now(), reason)
    if lifted is None:
        raise CommandFailed(
            "WM-LEGAL-HOLD-NOT-IN-FORCE",
            f"No legal hold {number} is in force.",
            "See `wardmail retention hold list --all`.",
            CONFLICT,
        )
    emit(_record(lifted)) if as_json else say(f"Legal hold {number} is lifted.")


def _require_sense(installation: Installation, wanted: LegalHold) -> None:
    """A hold that keeps nothing because of a typing error is found out when it is too late."""
    if not wanted.in_words:
        raise CommandFailed(
            "WM-LEGAL-HOLD-EMPTY",
            "It does not say what to keep.",
            "Say --message, --integration, --recipient, --since or --until.",
            USAGE,
        )
    if wanted.integration and wanted.integration not in installation.register.snapshot().integrations:
        raise CommandFailed(
            "WM-INTEGRATION-NOT-FOUND",
            f"There is no integration {wanted.integration}.",
            "See `wardmail integration list`.",
            USAGE,
        )
    if wanted.message_id and not installation.messages.exists(wanted.message_id):
        raise CommandFailed(
            "WM-MESSAGE-NOT-FOUND", f"There is no message {wanted.message_id}.", "Give its whole ID.", USAGE
        )
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise CommandFailed("WM-PERIOD", "The period ends before it begins.", "Exchange the two days.", USAGE)


def _checked_recipient(text: str) -> str:
    if not text:
        return ""
    local, at, domain = text.strip("<> ").rpartition("@")
    parsed = parse_domain(domain) if at else InvalidDomain("no @")
    if isinstance(parsed, InvalidDomain):
        raise CommandFailed("WM-ADDRESS", f"{text!r} is neither an address nor @domain.", "Write a@b.example.", USAGE)
    return f"{local}@{parsed}"


def _start_of(day: date) -> float:
    return datetime.combine(day, time.min, UTC).timestamp()


def _record(hold: LegalHold) -> dict[str, object]:
    return {
        "number": hold.number,
        "message": hold.message_id,
        "integration": hold.integration,
        "recipient": hold.recipient,
        "since": rfc3339(hold.since),
        "until": rfc3339(hold.until),
        "reason": hold.reason,
        "placed_by": hold.placed_by,
        "placed_at": rfc3339(hold.placed_at),
        "lifted_by": hold.lifted_by,
        "lifted_at": rfc3339(hold.lifted_at),
        "lifted_because": hold.lifted_because,
    }

"""`wardmail evidence`: packs for assessors and incidents, and searches for subject-access requests."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.evidence import pack_of, page_of, write_pack
from wardmail.app.failures import FINDINGS, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import day_option, emit, json_option, moment, note, rfc3339, say, table
from wardmail.app.periods import parse_period
from wardmail.app.subject_access import lines_about
from wardmail.assurance.mobile_policy import BadExport, check_mobile_policies
from wardmail.manage.evidence_packs import PackKind
from wardmail.model.classification import Sensitivity
from wardmail.model.evidence import Period, SubjectLine
from wardmail.model.person import Permission
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain

_REASON = reason_option()


@click.group()
def command() -> None:
    """Evidence: what was done, by which rule, who decided. No content of a message is ever shown."""


@command.command("pack")
@click.argument("kind", type=click.Choice([each.value for each in PackKind]))
@day_option("--since", help="First day, as 2026-01-01. Default: a year ago.")
@day_option("--until", help="Last day. Default: today.")
@click.option("--message", "message_id", default="", help="For an incident: the message that it is about.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("evidence"), show_default=True)
@_REASON
@by_option
@json_option
@click.pass_obj
def pack_(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    kind: str,
    since: date | None,
    until: date | None,
    message_id: str,
    out: Path,
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    """Write a pack (dcb1596, dspt or incident) as HTML and JSON, with a signed list of its files."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.TAKE_EVIDENCE)
    now = installation.clock.now()
    period = Period(_start(since) if since else now - 365 * 86_400, _start(until) + 86_400 if until else now + 1)
    if period.until <= period.since:
        raise CommandFailed(
            "WM-EVIDENCE-PERIOD", "The period ends before it begins.", "Mend --since or --until.", USAGE
        )
    page = page_of(installation, PackKind(kind), period, message_id, actor)
    files = write_pack(installation, out, pack_of(installation, kind, page), actor.id, reason)
    if as_json:
        emit({"kind": kind, "files": [str(each) for each in files]})
        return
    for each in files:
        say(str(each))


@command.command()
@click.argument("address")
@click.option("--since", default="3650d", show_default=True, help="How far back: 30d, 3650d.")
@_REASON
@by_option
@json_option
@click.pass_obj
def subject(config_path: str | None, *, address: str, since: str, reason: str, by: str, as_json: bool) -> None:
    """What is held about the person at ADDRESS: which messages, when, how they fared. Never what they say."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.TAKE_EVIDENCE)
    wanted = address.strip("<> ").removeprefix("mailto:")
    if "@" not in wanted:
        raise CommandFailed("WM-ADDRESS", f"{address!r} is no address.", "Give it in full.", USAGE)
    now = installation.clock.now()
    lines, untold = lines_about(installation, wanted, now - parse_period(since))
    detail: dict[str, object] = {"reason": reason, "found": len(lines), "domain": wanted.rpartition("@")[2].lower()}
    event = Event("SubjectSearched", now, actor.id, None, "subject access", detail)
    with installation.database.write() as connection:
        EventChain(installation.database).append(connection, [event])
    if as_json:
        for line in lines:
            emit(_subject_record(line))
    else:
        headings = ("Message", "When", "Integration", "Direction", "Status", "Classification", "Content")
        table(headings, [_subject_row(line) for line in lines])
    note(f"{len(lines)} copies. The search is recorded.")
    if untold:
        note(f"{untold} messages that came in are known by their envelope only: who wrote them is not kept any more.")


def _subject_record(line: SubjectLine) -> dict[str, object]:
    return {
        "id": line.message_id,
        "at": rfc3339(line.at),
        "integration": line.integration,
        "direction": line.direction,
        "other": line.other,
        "status": line.state,
        "classification": _label(line.sensitivity) or None,
        "size": line.size,
        "content_kept": line.kept,
    }


def _subject_row(line: SubjectLine) -> tuple[str, ...]:
    kept = "kept" if line.kept else "gone"
    words = _label(line.sensitivity)
    return line.message_id, moment(line.at), line.integration, line.direction, line.state, words, kept


def _label(sensitivity: int | None) -> str:
    return "" if sensitivity is None else Sensitivity(sensitivity).label


def _start(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


@command.command("mobile-policy")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def mobile_policy(file: Path, as_json: bool) -> None:
    """Compare an Exchange Online export with the guide's rules for mobile access. Exit status 3 when one is not kept.

    FILE is the output of `Get-MobileDeviceMailboxPolicy | ConvertTo-Json`.
    """
    try:
        findings = list(check_mobile_policies(file.read_bytes().decode("utf-8-sig", "replace")))
    except BadExport as error:
        raise CommandFailed("WM-MOBILE-POLICY", f"{file} is no export. {error}", "Export it again.", USAGE) from error
    if as_json:
        for each in findings:
            emit({name: getattr(each, name) for name in ("policy", "setting", "words", "found", "wanted", "kept")})
    else:
        rows = [
            (each.policy, "kept" if each.kept else "NOT KEPT", each.words, each.found, each.wanted) for each in findings
        ]
        table(("Policy", "", "Asked", "Found", "Wanted"), rows)
    if not all(each.kept for each in findings):
        raise SystemExit(FINDINGS)

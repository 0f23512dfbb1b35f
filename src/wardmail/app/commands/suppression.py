"""`wardmail suppression`: addresses that mail must not go to, why, and until when."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from typing import IO

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import FINDINGS, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.office.suppressions import SuppressionOffice, as_record, check_integration, checked_address
from wardmail.app.output import confirm, counted, emit, json_option, moment, note, say, table
from wardmail.app.periods import parse_period
from wardmail.model.person import Permission
from wardmail.model.suppression import EVERYBODY, Suppression, SuppressionReason
from wardmail.protocol.address import InvalidAddress, parse_address

_COLUMNS = ("address", "integration", "reason", "note", "added_by", "added_at", "expires_at")
_MOST_ROWS = 1_000_000


@click.group()
def command() -> None:
    """The suppression list. Ordinary mail to it is refused; what is sensitive or time-critical is held."""


@command.command("list")
@click.argument("text", default="")
@json_option
@click.pass_obj
def list_(config_path: str | None, text: str, as_json: bool) -> None:
    """List entries, or those whose address contains TEXT."""
    found = Installation.at(config_path).suppressions.all(text)
    if as_json:
        for each in found:
            emit(as_record(each))
        return
    rows = [
        (e.address, e.integration_id or "all", e.reason.value, moment(e.expires_at) or "never", e.added_by, e.note)
        for e in found
    ]
    table(("Address", "Integration", "Reason", "Ends", "By", "Note"), rows)


@command.command()
@click.argument("address")
@json_option
@click.pass_obj
def check(config_path: str | None, address: str, as_json: bool) -> None:
    """Is this address on the list? The exit status is 3 when it is."""
    wanted = checked_address(address)
    found = [each for each in Installation.at(config_path).suppressions.all(wanted) if each.address == wanted]
    for each in found:
        if as_json:
            emit(as_record(each))
        else:
            whose = f"for {each.integration_id}" if each.integration_id else "for all integrations"
            say(f"{each.address} is suppressed {whose} since {moment(each.added_at)}: {each.reason.value}. {each.note}")
    if found:
        raise SystemExit(FINDINGS)
    if not as_json:
        say(f"{wanted} is not on the list.")


@command.command()
@click.argument("address")
@click.option("--integration", default=EVERYBODY, help="Only for this one. Default: for all.")
@reason_option("Kept with your name.")
@click.option("--for", "period", help="How long, as 30d. Default: until it is removed.")
@by_option
@json_option
@click.pass_obj
def add(
    config_path: str | None, *, address: str, integration: str, reason: str, period: str | None, by: str, as_json: bool
) -> None:
    """Put an address on the list."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    days = parse_period(period) / 86_400 if period else None
    made = SuppressionOffice(installation).add(actor, address, integration, reason, days)
    emit(made) if as_json else say(f"{made['address']} is on the list.")


@command.command()
@click.argument("address")
@click.option("--integration", help="Only this one's entry. Default: all of the address's.")
@reason_option("Why mail may go there again; kept with your name.")
@by_option
@json_option
@click.pass_obj
def remove(
    config_path: str | None, *, address: str, integration: str | None, reason: str, by: str, as_json: bool
) -> None:
    """Take an address off the list."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    done = SuppressionOffice(installation).remove(actor, address, integration, reason)
    emit(done) if as_json else say(f"{done['address']} is off the list.")


@command.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--integration", default=EVERYBODY, help="Only for this one. Default: for all, or as the file says.")
@reason_option("Where the list comes from; kept with your name.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def import_(
    config_path: str | None, *, file: IO[str], integration: str, reason: str, yes: bool, by: str, as_json: bool
) -> None:
    """Add the addresses of a CSV FILE with a heading (`address`, and `integration` if it has one), or one a line."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    check_integration(installation, integration)
    now = installation.clock.now()
    entries, bad = {}, 0
    for number, address, whose in _rows(file):
        parsed = parse_address(address)
        if isinstance(parsed, InvalidAddress):
            bad += 1
            note(f"line {number}: {parsed.reason}")
            continue
        made = Suppression(str(parsed).lower(), integration or whose, SuppressionReason.IMPORTED, reason, actor.id, now)
        check_integration(installation, made.integration_id)
        entries[made.address, made.integration_id] = made
    if not entries:
        what = "There is no address in the file. Nothing was changed."
        raise CommandFailed("WM-ADDRESS", what, "Put one address on each line, or a heading `address` first.", USAGE)
    if not confirm(f"Put {counted(len(entries), 'address', 'addresses')} on the list?", assume_yes=yes):
        raise SystemExit(1)
    count = installation.suppressions.add(entries.values())
    emit({"added": count, "bad": bad}) if as_json else say(
        f"{counted(count, 'address is', 'addresses are')} on the list; {counted(bad, 'line was', 'lines were')} bad."
    )
    if bad:
        raise SystemExit(FINDINGS)


@command.command()
@json_option
@click.pass_obj
def export(config_path: str | None, as_json: bool) -> None:
    """Write the list to stdout, as CSV that `import` reads."""
    found = Installation.at(config_path).suppressions.all()
    if as_json:
        for each in found:
            emit(as_record(each))
        return
    writer = csv.writer(sys.stdout)
    writer.writerow(_COLUMNS)
    for each in found:
        record = as_record(each)
        writer.writerow([record[name] or "" for name in _COLUMNS])


@command.command()
@click.argument("file", type=click.File("rb"))
@by_option
@json_option
@click.pass_obj
def report(config_path: str | None, *, file: IO[bytes], by: str, as_json: bool) -> None:
    """Take in a bounce or a complaint (a message in FILE, or `-`). It counts only for mail that we really sent."""
    from wardmail.inbound.returns import take_report
    from wardmail.protocol.report_reading import LARGEST, NotAReport
    from wardmail.store.returns import StoreReturns

    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    raw = file.read(LARGEST + 1)
    taken = take_report(StoreReturns(installation.database), raw, actor=actor.id, now=installation.clock.now())
    if isinstance(taken, NotAReport):
        raise CommandFailed("WM-REPORT-NONE", taken.reason, "Give the whole message, with its header.", USAGE)
    for each in taken:
        message_id = each.copy.message_id if each.copy else None
        address = each.copy.address if each.copy else each.recipient.original or each.recipient.final
        if as_json:
            record = {"address": address, "kind": each.kind.value, "status": each.recipient.status}
            emit(record | {"message_id": message_id, "news": each.is_news, "suppressed": each.suppressed})
        elif message_id is None:
            say(f"{address or 'Somebody'}: nothing was done. We sent no such message to that address.")
        else:
            what = "suppressed" if each.suppressed else "noted; the address stays in use"
            say(f"{address}: {each.kind.value} {each.recipient.status} of {message_id}; {what}.")
            if not each.is_news:
                note("That was known already.")
    if any(each.copy is None for each in taken):
        raise SystemExit(FINDINGS)


def _rows(file: IO[str]) -> Iterator[tuple[int, str, str]]:
    """Line number, address, integration."""
    reader = csv.reader(file)
    heading: dict[str, int] | None = None
    for number, row in enumerate(reader, 1):
        if number > _MOST_ROWS:
            raise CommandFailed("WM-LIST-REFUSED", f"It has more than {_MOST_ROWS:,} lines.", "Split it.", USAGE)
        if number == 1 and "address" in [cell.strip().lower() for cell in row]:
            heading = {cell.strip().lower(): place for place, cell in enumerate(row)}
            continue
        if not row or not any(cell.strip() for cell in row):
            continue
        places = heading or {"address": 0}
        cells = {name: row[place].strip() for name, place in places.items() if place < len(row)}
        yield number, cells.get("address", ""), cells.get("integration", "")

"""`wardmail lists`: who is accredited to the secure email standard, as the published list says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import FINDINGS, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, note, rfc3339, say, table
from wardmail.manage.accredited_csv import Columns, RefusedList, read_accredited_list
from wardmail.model.accredited import ListVersion
from wardmail.model.person import Permission
from wardmail.store.register import ACCREDITED


@click.group()
def command() -> None:
    """The accredited list: each entry has a source, a version and an end date."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=HEADING", help="Which column is what, if it is not guessed."
)
@click.option("--version", default="", help="Default: the file's name and date.")
@click.option("--list-date", help="The list's own date, as 2026-11-03 (default: the file's).")
@click.option("--force", is_flag=True, help="Take the good rows even when many are bad.")
@by_option
@json_option
@click.pass_obj
def import_(
    config_path: str | None,
    *,
    file: Path,
    columns: tuple[str, ...],
    version: str,
    list_date: str | None,
    force: bool,
    by: str,
    as_json: bool,
) -> None:
    """Replace the accredited list by a CSV FILE. Every row that cannot be read is named."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_LISTS)
    dated = date.fromisoformat(list_date) if list_date else datetime.fromtimestamp(file.stat().st_mtime, UTC).date()
    outcome = read_accredited_list(file.read_bytes(), listed_on=dated, columns=_columns(columns), forced=force)
    if isinstance(outcome, RefusedList):
        for problem in outcome.problems[:20]:
            note(f"line {problem.line}: {problem.reason}")
        raise CommandFailed(
            "WM-LIST-REFUSED", outcome.reason, "Mend the file, name its columns with --column, or say --force."
        )
    for problem in outcome.problems:
        note(f"line {problem.line}: {problem.reason}")
    now, name = installation.clock.now(), version or f"{file.name} {dated}"
    made = ListVersion(ACCREDITED, name, now, actor.id, str(file), len(outcome.entries))
    installation.register.import_accredited(outcome.entries.values(), made)
    if as_json:
        emit({"version": made.version, "entries": made.entries, "problems": len(outcome.problems)})
    else:
        say(
            f"{made.entries} accredited domains are in use, version {made.version}; {len(outcome.problems)} rows were left out."
        )
    if outcome.problems:
        raise SystemExit(FINDINGS)


def _columns(pairs: tuple[str, ...]) -> Columns | None:
    """`domain=Email domain`, `ods_code=ODS`…: several domain columns may be named."""
    if not pairs:
        return None
    named = [pair.partition("=")[::2] for pair in pairs]
    unknown = {field for field, _ in named} - {"domain", "organisation", "ods_code", "accredited_on", "expires"}
    if unknown:
        raise CommandFailed(
            "WM-LIST-COLUMN",
            f"There is no field {', '.join(sorted(unknown))}.",
            "The fields are domain, organisation, ods_code, accredited_on and expires.",
            USAGE,
        )
    domains = tuple(heading for field, heading in named if field == "domain")
    return Columns(domains, **{field: heading for field, heading in named if field != "domain"})


@command.command()
@json_option
@click.pass_obj
def show(config_path: str | None, as_json: bool) -> None:
    """Which lists were imported, when, by whom."""
    versions = Installation.at(config_path).register.list_versions()
    if as_json:
        for each in versions:
            record = {"list": each.name, "version": each.version, "imported_at": rfc3339(each.imported_at)}
            emit(record | {"imported_by": each.imported_by, "source": each.source, "entries": each.entries})
        return
    rows = [(each.name, each.version, moment(each.imported_at), each.imported_by, each.entries) for each in versions]
    table(("List", "Version", "Imported", "By", "Entries"), rows)


@command.command()
@click.argument("domain")
@json_option
@click.pass_obj
def find(config_path: str | None, domain: str, as_json: bool) -> None:
    """Show the list's entry for a domain."""
    entry = Installation.at(config_path).register.snapshot().accredited.get(domain.lower())
    if entry is None:
        raise not_found("list entry", domain, "wardmail lists show")
    record = {"domain": entry.domain, "organisation": entry.organisation, "ods_code": entry.ods_code}
    dates = {"accredited_on": entry.accredited_on.isoformat(), "expires": entry.expires.isoformat()}
    if as_json:
        emit(record | dates)
    else:
        say(
            f"{entry.domain}: {entry.organisation} ({entry.ods_code}), accredited {entry.accredited_on} to {entry.expires}"
        )

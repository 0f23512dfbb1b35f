"""`wardmail export`: all records as one TOML file, to be kept in a version control system."""

from __future__ import annotations

from pathlib import Path

import click

from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, note
from wardmail.app.records_file.whole import tables_of


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@json_option
@click.pass_obj
def command(config_path: str | None, file: Path | None, as_json: bool) -> None:
    """Write all records as TOML into FILE, or to standard output. Secrets are references; two exports are the same.

    People, routes, integrations and their limits, sources, handovers, webhooks, agreements, the risk appetite and
    the policy in force. `wardmail apply` reads it.
    """
    import tomli_w

    tables = tables_of(Installation.at(config_path))
    text = f"{_json(tables)}" if as_json else tomli_w.dumps(tables)
    if file is None:
        emit(tables) if as_json else click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed("WM-EXPORT", f"{file} cannot be written: {error.strerror}.", "Name another.") from error
    note(f"{sum(len(each) for each in tables.values())} records are in {file}.")


def _json(tables: dict[str, object]) -> str:
    import json

    return json.dumps(tables, ensure_ascii=False, indent=1) + "\n"

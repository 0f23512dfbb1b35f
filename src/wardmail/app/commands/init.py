"""`wardmail init`: sets up an installation, or brings one up to date; safe to run again."""

from __future__ import annotations

from pathlib import Path

import click

from wardmail.app.failures import CommandFailed
from wardmail.app.output import emit, json_option, note, say


@click.command()
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path),
    help="Settings file to write (default: in /etc).",
)
@click.option("--hostname", help="The name we greet with.")
@click.option("--data", type=click.Path(path_type=Path), help="Directory of database, spool and keystore.")
@click.option("--database", help="postgresql://…, when it is not SQLite in the data directory.")
@click.option("--certificate", type=click.Path(path_type=Path), help="PEM: our certificate and its chain.")
@click.option("--key", type=click.Path(path_type=Path), help="PEM: its private key.")
@json_option
@click.pass_obj
def command(
    config_path: str | None,
    *,
    file: Path | None,
    hostname: str | None,
    data: Path | None,
    database: str | None,
    certificate: Path | None,
    key: Path | None,
    as_json: bool,
) -> None:
    """Write the settings file (if there is none), make the keystore and its master key, and create the database."""
    from wardmail.app.acting import whoami
    from wardmail.app.set_up import set_up, write_settings
    from wardmail.app.settings import DEFAULT_FILE, load

    file = file or (Path(config_path) if config_path else DEFAULT_FILE)
    if not file.exists():
        wanted = {
            "gateway.hostname": hostname,
            "gateway.data": data,
            "gateway.database": database,
            "tls.certificate": certificate,
            "tls.key": key,
        }
        write_settings(file, {name: str(value) for name, value in wanted.items() if value is not None})
        note(f"Written: {file}")
    elif any((hostname, data, database, certificate, key)):
        raise CommandFailed(
            "WM-CONFIG-EXISTS",
            f"{file} exists, so these options would change nothing.",
            "Edit it; then run init alone.",
        )
    done = set_up(load(file), whoami())
    if as_json:
        emit({"settings": str(file), "done": done})
        return
    for line in done:
        say(line)
    note("Next: wardmail route create …, wardmail integration create …, wardmail doctor")

"""`wardmail connections`: every way in and out, how it is encrypted and authenticated, when it was last used (SEC-1)."""

from __future__ import annotations

import click

from wardmail.app.evidence import doors
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, table
from wardmail.manage.evidence_tables import CONNECTION_HEADINGS, connection_rows
from wardmail.store.evidence import StoreEvidence


@click.command()
@json_option
@click.pass_obj
def command(config_path: str | None, as_json: bool) -> None:
    """List every connection: listeners and routes, the TLS that they need and had, the log-in, when they were last used."""
    installation = Installation.at(config_path)
    routes = installation.register.snapshot().routes
    links = StoreEvidence(installation.database).links(sorted(routes))
    rows = connection_rows(doors(installation), routes.values(), links)
    if as_json:
        for row in rows:
            emit(dict(zip(("way", "where", "encryption", "authentication", "last_used"), row, strict=True)))
        return
    table(CONNECTION_HEADINGS, rows)

"""`wardmail integration document`: an integration's documents for both sides, from the record as it is now."""

from __future__ import annotations

from pathlib import Path

import click

from wardmail.app.commands.integration.records import credentials_of, existing, terms_of
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, say
from wardmail.manage.document_text import Page, to_html, to_markdown
from wardmail.manage.documents import Side, Subject, moment
from wardmail.manage.documents import document as page_for
from wardmail.model.integration import Integration
from wardmail.outbound.gate import CONTACTS
from wardmail.store.messages import EventLine

_WRITERS = {"md": to_markdown, "html": to_html}
_SIDES: tuple[Side, ...] = ("application", "upstream")


@click.command()
@click.argument("name")
@click.option("--side", type=click.Choice([*_SIDES, "both"]), default="both", show_default=True)
@click.option("--format", "form", type=click.Choice([*_WRITERS, "both"]), default="both", show_default=True)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder; default: this one."
)
@json_option
@click.pass_obj
def document(config_path: str | None, name: str, *, side: str, form: str, out: Path, as_json: bool) -> None:
    """Write the documentation of an integration: for the application's side, and for the upstream service's."""
    installation = Installation.at(config_path)
    subject = subject_of(installation, existing(installation.register.snapshot(), name), with_history=True)
    for each in _SIDES:
        if side in {each, "both"}:
            _write(page_for(subject, each), out / f"{name}-{each}", form, as_json)


def subject_of(installation: Installation, integration: Integration, *, with_history: bool = False) -> Subject:
    """What the pages about an integration are made from."""
    settings, snapshot = installation.settings, installation.register.snapshot()
    doors = [
        (words, f"{settings['gateway.hostname']} port {address.rpartition(':')[2]}")
        for key, words in (("listen.submissions", "TLS from the start"), ("listen.submission", "STARTTLS"))
        for address in settings[key]
    ]
    history = installation.register.history(integration.id) if with_history else ()
    return Subject(
        integration,
        snapshot.routes.get(integration.route),
        settings["gateway.hostname"],
        tuple(doors),
        terms_of(installation),
        installation.clock.now(),
        tuple(credentials_of(snapshot, integration.id)),
        tuple((name, settings[f"contacts.{name}"]) for name in CONTACTS if settings[f"contacts.{name}"]),
        tuple(_line(each) for each in history),
    )


def _line(event: EventLine) -> tuple[str, str, str, str]:
    changed = ", ".join(event.detail.get("changed", ())) if isinstance(event.detail.get("changed"), dict) else ""
    what = f"{event.kind} ({changed})" if changed and event.kind == "IntegrationChanged" else event.kind
    return moment(event.at), what, event.actor, str(event.detail.get("reason", ""))


def _write(page: Page, stem: Path, form: str, as_json: bool) -> None:
    for suffix, writer in _WRITERS.items():
        if form not in {suffix, "both"}:
            continue
        file = stem.with_name(f"{stem.name}.{suffix}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(writer(page), encoding="utf-8")
        except OSError as error:
            raise CommandFailed("WM-DOCUMENT", f"{file} cannot be written: {error.strerror}.", "Say --out.") from error
        emit({"file": str(file), "title": page.title}) if as_json else say(str(file))

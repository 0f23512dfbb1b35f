"""`wardmail source`: the ways in which mail comes in."""

from __future__ import annotations

from typing import Any

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.commands.source_checks import check, reconcile, retry
from wardmail.app.commands.source_file import apply, export
from wardmail.app.failures import CONFLICT, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import confirm, emit, json_option, moment, note, rfc3339, say, table
from wardmail.app.source_knowledge import known_to
from wardmail.app.source_options import blank_source, source_options, with_options
from wardmail.app.source_output import place, shown
from wardmail.manage.integrations import checked_name
from wardmail.manage.sources import source_problems
from wardmail.model.person import Permission, Person
from wardmail.model.source import Source, SourceKind
from wardmail.store.records import to_plain

_REASON = reason_option(required=False)


@click.group()
def command() -> None:
    """Sources: how mail comes in, each for exactly one integration, by TLS and from an account of its own."""


for each in (check, reconcile, retry, export, apply):
    command.add_command(each)


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List sources, and how collecting from each mailbox goes."""
    installation = Installation.at(config_path)
    lines = installation.inbox.mailboxes()
    rows = []
    for source in sorted(installation.register.snapshot().sources.values(), key=lambda each: each.name):
        line = lines.get(source.name)
        problem = line.problem if line else ""
        looked_at = line.looked_at if line else None
        if as_json:
            emit(to_plain(source) | {"looked_at": rfc3339(looked_at), "problem": problem})
            continue
        state = "paused" if source.paused else problem or "well"
        rows.append((source.name, source.kind.value, source.integration, place(source), moment(looked_at), state))
    if not as_json:
        table(("Source", "Kind", "Integration", "Where", "Looked at", "State"), rows)


@command.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(config_path: str | None, name: str, as_json: bool) -> None:
    """Show one source; secrets are shown as references only."""
    installation = Installation.at(config_path)
    source = existing(installation, name)
    problems = installation.inbox.problems(name)
    if as_json:
        emit(to_plain(source) | {"problems": [to_plain(each) for each in problems]})
        return
    for key, value in shown(source):
        say(f"{key:<16}{value}")
    for each in problems:
        say(f"not collected {moment(each.first_seen_at)}: {each.key}: {each.problem}")


@command.command()
@click.argument("name")
@click.option("--kind", type=click.Choice([kind.value for kind in SourceKind]), required=True)
@click.option("--integration", required=True, help="The one integration that it is for.")
@source_options
@_REASON
@by_option
@json_option
@click.pass_obj
def add(
    config_path: str | None,
    /,
    *,
    name: str,
    kind: str,
    integration: str,
    reason: str,
    by: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Add a source. Its account must be a service account that nothing else uses (RECV-5)."""
    installation = Installation.at(config_path)
    if name in installation.register.snapshot().sources:
        what = f"There is a source {name} already."
        raise CommandFailed("WM-SOURCE-EXISTS", what, "Use `wardmail source change`.", CONFLICT)
    blank = blank_source(usable(checked_name(name), "WM-NAME"), integration, SourceKind(kind))
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    _save(installation, with_options(blank, options, installation, actor.id), actor, reason, as_json)
    if blank.mailbox is not None:
        note(f"Next: wardmail source check {name}")


@command.command()
@click.argument("name")
@source_options
@_REASON
@by_option
@json_option
@click.pass_obj
def change(config_path: str | None, /, *, name: str, reason: str, by: str, as_json: bool, **options: Any) -> None:
    """Change a source; running collectors take it up within seconds."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    _save(
        installation,
        with_options(existing(installation, name), options, installation, actor.id),
        actor,
        reason,
        as_json,
    )


@command.command()
@click.argument("name")
@_REASON
@by_option
@json_option
@click.pass_obj
def pause(config_path: str | None, name: str, reason: str, by: str, as_json: bool) -> None:
    """Take nothing more in by a source; mail servers are told to come later, mailboxes are left as they are."""
    _pause(config_path, name, True, reason=reason, by=by, as_json=as_json)


@command.command()
@click.argument("name")
@_REASON
@by_option
@json_option
@click.pass_obj
def resume(config_path: str | None, name: str, reason: str, by: str, as_json: bool) -> None:
    """Take mail in by a paused source again."""
    _pause(config_path, name, False, reason=reason, by=by, as_json=as_json)


@command.command()
@click.argument("name")
@reason_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def remove(config_path: str | None, *, name: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """Remove a source. What came in by it stays; what lies upstream is not collected any more."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    existing(installation, name)
    if not confirm(f"Remove source {name}?", assume_yes=yes):
        raise SystemExit(1)
    installation.sources.remove_source(name, actor.id, reason)
    emit({"source": name, "removed": True}) if as_json else say(f"Source {name} is removed.")


def existing(installation: Installation, name: str) -> Source:
    found = installation.register.snapshot().sources.get(name)
    if found is None:
        raise not_found("source", name, "wardmail source list")
    return found


def _pause(config_path: str | None, name: str, paused: bool, *, reason: str, by: str, as_json: bool) -> None:
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    if not installation.sources.pause_source(name, paused, actor.id, reason):
        raise not_found("source", name, "wardmail source list")
    state = "paused" if paused else "in use"
    emit(to_plain(existing(installation, name))) if as_json else say(f"Source {name} is {state}.")


def _save(installation: Installation, source: Source, actor: Person, reason: str, as_json: bool) -> None:
    known = known_to(installation, installation.register.snapshot())
    wrong = installation.sources.save_source(
        source, actor.id, reason, lambda others: " ".join(source_problems(source, others, known))
    )
    if wrong:
        raise CommandFailed("WM-SOURCE-INVALID", f"Source {source.name} cannot be used so.", wrong, USAGE)
    emit(to_plain(source)) if as_json else say(f"Source {source.name} is saved.")
    if source.smtp is not None and not installation.settings["receive.listen"]:
        note("Nobody listens for other mail servers yet: set receive.listen.")

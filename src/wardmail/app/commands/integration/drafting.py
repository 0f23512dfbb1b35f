"""`wardmail integration create`, `change`, `apply` and `export`: what is written into a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.commands.integration import record_file
from wardmail.app.commands.integration.options import needs, record_options, with_options
from wardmail.app.commands.integration.records import (
    changed_or_failed,
    desk_of,
    existing,
    known_people,
)
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, note, say
from wardmail.manage.integration_desk import Others, Outcome
from wardmail.manage.integration_life import checked
from wardmail.manage.integration_writing import not_allowed
from wardmail.manage.integrations import BadInput, checked_name
from wardmail.manage.registration import Writing
from wardmail.model.integration import Integration
from wardmail.model.person import Permission, Person
from wardmail.policy.completeness import missing
from wardmail.store.records import to_plain
from wardmail.store.register import differences

_OF_OPTIONS = frozenset({"WM-NAME", "WM-RECORD", "WM-SENDER", "WM-NETWORK", "WM-OPTION-MISSING"})
"""Codes of the desk for what somebody wrote, and not for what the register holds."""


@click.command()
@click.argument("name")
@record_options
@by_option
@json_option
@click.pass_obj
def create(config_path: str | None, /, *, name: str, by: str, as_json: bool, **options: Any) -> None:
    """Register an integration, as a draft: it sends nothing until its trial begins (`integration trial`)."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.DRAFT_INTEGRATIONS)
    needs(options, "route", "senders")
    blank = Integration(usable(checked_name(name), "WM-NAME"), name, options["route"], ())
    after = create_record(installation, blank, options, actor)
    if as_json:
        emit(to_plain(after))
    else:
        say(f"Integration {name} is registered, as a draft.")
        note(f"Next: wardmail integration credential add {name}, and wardmail integration trial {name}")


@click.command()
@click.argument("name")
@record_options
@reason_option("Kept in the audit with your name; needed for what is live.", required=False)
@by_option
@json_option
@click.pass_obj
def change(config_path: str | None, /, *, name: str, reason: str, by: str, as_json: bool, **options: Any) -> None:
    """Change a record. An empty text empties a field. What is live may not come to lack anything."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.DRAFT_INTEGRATIONS)
    if options["route"]:
        _route_exists(installation, options["route"])
    after = change_by_options(installation, name, options, actor, reason)
    _told(after, as_json)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@reason_option("Kept in the audit with your name; needed for what is live.", required=False)
@by_option
@json_option
@click.pass_obj
def apply(config_path: str | None, file: Path, *, dry_run: bool, reason: str, by: str, as_json: bool) -> None:
    """Write the records of a TOML file into the register. States, ticks and approvals cannot come from a file."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.DRAFT_INTEGRATIONS)
    for name, options in record_file.read(file).items():
        before = installation.register.snapshot().integrations.get(name)
        if before is None:
            needs(options, "route", "senders")
        _route_exists(installation, options.get("route") or (before.route if before else ""))
        blank = Integration(usable(checked_name(name), "WM-NAME"), name, options.get("route", ""), ())
        if dry_run:
            after = _preview(installation, before or blank, options, actor, reason)
        elif before is None:
            after = create_record(installation, blank, options, actor)
        else:
            after = change_by_options(installation, name, options, actor, reason)
        _differences(before, after, dry_run, as_json)


@click.command()
@click.argument("names", nargs=-1)
@json_option
@click.pass_obj
def export(config_path: str | None, names: tuple[str, ...], as_json: bool) -> None:
    """Print records as TOML, as `apply` reads it; all of them when none is named."""
    snapshot = Installation.at(config_path).register.snapshot()
    found = [existing(snapshot, name) for name in names] or list(snapshot.integrations.values())
    if as_json:
        for each in found:
            emit({"integration": each.id, **record_file.table_of(each)})
    else:
        say(record_file.write(found).rstrip())


def create_record(
    installation: Installation, blank: Integration, options: Mapping[str, Any], actor: Person
) -> Integration:
    _route_exists(installation, blank.route)
    return _written(desk_of(installation).create(actor, blank.id, options), blank.id)


def change_by_options(
    installation: Installation, name: str, options: Mapping[str, Any], actor: Person, reason: str
) -> Integration:
    return _written(desk_of(installation).change(actor, name, options, reason), name)


def _written(done: Outcome | None, name: str) -> Integration:
    """What is wrong with an option is a command used wrongly; what is wrong with the record as a whole, a conflict."""
    match done:
        case BadInput(_, "WM-INTEGRATION-EXISTS"):
            what = f"There is an integration {name} already."
            raise CommandFailed("WM-INTEGRATION-EXISTS", what, "Choose another name.", CONFLICT)
        case BadInput(_, code) if code in _OF_OPTIONS:
            usable(done, code)
    return changed_or_failed(done, name, "WM-RECORD")


def _preview(
    installation: Installation, before: Integration, options: Mapping[str, Any], actor: Person, reason: str
) -> Integration:
    others = installation.register.snapshot().integrations
    after = step_for(installation, options, actor, reason)(before, others)
    return changed_or_failed(after, before.id, "WM-RECORD")


def step_for(
    installation: Installation,
    options: Mapping[str, Any],
    actor: Person,
    reason: str,
    everybody: Iterable[Person] | None = None,
) -> Callable[[Integration, Others], Outcome]:
    """`everybody`: the people as they will be; None: as they are."""
    people, writing = known_people(installation, everybody), _writing(installation, actor)

    def step(before: Integration, others: Others) -> Outcome:
        after = with_options(before, options, writing)
        return not_allowed(before, after, actor, reason) or checked(after, before, others, people)

    return step


def _writing(installation: Installation, actor: Person) -> Writing:
    return Writing(actor.id, installation.clock.now())


def _route_exists(installation: Installation, route: str) -> None:
    if route not in installation.register.snapshot().routes:
        raise not_found("route", route, "wardmail route list")


def _told(after: Integration, as_json: bool) -> None:
    if as_json:
        emit(to_plain(after))
        return
    say(f"Integration {after.id} is changed: version {after.registration.version} of its record.")
    lacks = missing(after)
    if lacks:
        note(f"It lacks {', '.join(each.words for each in lacks)}.")


def _differences(before: Integration | None, after: Integration, dry_run: bool, as_json: bool) -> None:
    changed = differences(before, after)
    if as_json:
        emit({"integration": after.id, "dry_run": dry_run, "new": before is None, "changed": changed})
        return
    words = "would be" if dry_run else "is"
    say(f"{after.id} {words} {'registered, as a draft' if before is None else 'changed' if changed else 'as it was'}")
    for name, value in changed.items() if before is not None else ():
        say(f"  {name}: {value}")

"""`wardmail source export` and `apply`: sources and handovers as a TOML file."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, say
from wardmail.app.source_knowledge import known_to
from wardmail.manage.sources import handover_problems, source_problems
from wardmail.model.handover import Handover
from wardmail.model.person import Permission, Person
from wardmail.model.register import RegisterSnapshot
from wardmail.model.source import Source
from wardmail.store.records import decode, to_plain

T = TypeVar("T")

_LARGEST = 1024 * 1024
_KEYS = {"source": "name", "handover": "integration"}


@click.command()
@json_option
@click.pass_obj
def export(config_path: str | None, as_json: bool) -> None:
    """Print all sources and handovers as TOML, as `apply` reads it. Secrets are references."""
    import tomli_w

    snapshot = Installation.at(config_path).register.snapshot()
    tables = {
        "source": {each.name: _without(each, "name") for each in snapshot.sources.values()},
        "handover": {each.integration: _without(each, "integration") for each in snapshot.handovers.values()},
    }
    emit(tables) if as_json else click.echo(tomli_w.dumps(tables), nl=False)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option("--reason", default="", help="Why; kept in the audit with your name.")
@by_option
@json_option
@click.pass_obj
def apply(config_path: str | None, *, file: Path, dry_run: bool, reason: str, by: str, as_json: bool) -> None:
    """Make sources and handovers as FILE has them; what it does not name stays. All of them, or none when one is wrong."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    snapshot, tables = installation.register.snapshot(), _read(file)
    sources = [_signed(each, snapshot, actor) for each in _records(tables, "source", Source)]
    handovers = _records(tables, "handover", Handover)
    changed_sources = [each for each in sources if snapshot.sources.get(each.name) != each]
    changed_handovers = [each for each in handovers if snapshot.handovers.get(each.integration) != each]
    _require_right(installation, snapshot, sources, handovers)
    if not dry_run:
        for source in changed_sources:
            installation.sources.save_source(source, actor.id, reason)
        for handover in changed_handovers:
            installation.sources.save_handover(handover, actor.id, reason)
    names = [
        *(f"source {each.name}" for each in changed_sources),
        *(f"handover {each.integration}" for each in changed_handovers),
    ]
    if as_json:
        emit({"changed": names, "dry_run": dry_run})
    else:
        say(f"{'Would change' if dry_run else 'Changed'}: {', '.join(names) or 'nothing'}.")


def _require_right(
    installation: Installation, snapshot: RegisterSnapshot, sources: list[Source], handovers: list[Handover]
) -> None:
    afterwards = {**snapshot.sources, **{each.name: each for each in sources}}
    known = known_to(installation, snapshot)
    wrong = [f"{each.name}: {problem}" for each in sources for problem in source_problems(each, afterwards, known)]
    wrong += [f"{each.integration}: {problem}" for each in handovers for problem in handover_problems(each)]
    wrong += [
        f"There is no integration {each.integration}."
        for each in handovers
        if each.integration not in snapshot.integrations
    ]
    if wrong:
        raise CommandFailed("WM-SOURCE-FILE", "Nothing was changed.", " ".join(wrong), USAGE)


def _signed(source: Source, snapshot: RegisterSnapshot, actor: Person) -> Source:
    """A file cannot say that somebody else made an exception from TLS."""
    if source.smtp is None:
        return source
    before = snapshot.sources.get(source.name)
    theirs = before.smtp.plain_peers if before is not None and before.smtp is not None else ()
    peers = tuple(each if each in theirs else replace(each, by=actor.id) for each in source.smtp.plain_peers)
    return replace(source, smtp=replace(source.smtp, plain_peers=peers))


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        if file.stat().st_size > _LARGEST:
            raise _bad(f"{file} has more than {_LARGEST // 1024} KB")
        tables = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _bad(f"{file} cannot be read: {error}") from error
    if set(tables) - set(_KEYS) or not all(isinstance(each, dict) for each in tables.values()):
        raise _bad(f"{file} holds something other than tables [source.NAME] and [handover.INTEGRATION]")
    return tables


def _records(tables: dict[str, dict[str, Any]], kind: str, record: type[T]) -> list[T]:
    made = []
    for name, table in tables.get(kind, {}).items():
        try:
            made.append(decode(record, json.dumps({**table, _KEYS[kind]: name}, default=str)))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise _bad(f"{kind}.{name} is no record of that kind ({error})") from error
    return made


def _without(record: object, key: str) -> dict[str, Any]:
    plain: dict[str, Any] = _no_nothings(to_plain(record))
    plain.pop(key)
    return plain


def _no_nothings(value: Any) -> Any:
    """TOML has no null: a field that is not there takes its default."""
    if isinstance(value, dict):
        return {key: _no_nothings(item) for key, item in value.items() if item is not None}
    return [_no_nothings(item) for item in value] if isinstance(value, list) else value


def _bad(what: str) -> CommandFailed:
    return CommandFailed("WM-SOURCE-FILE", f"{what}.", "`wardmail source export` shows the form.", USAGE)

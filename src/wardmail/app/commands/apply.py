"""`wardmail apply`: makes the records as a TOML file has them, each as its own command would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, emit, json_option, note, say
from wardmail.app.records_file.plan import Step
from wardmail.app.records_file.whole import carry_out, planned
from wardmail.model.person import Permission


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@reason_option("Why; kept in the audit with your name. Needed for what is live.", required=False)
@by_option
@json_option
@click.pass_obj
def command(
    config_path: str | None, *, file: Path, dry_run: bool, yes: bool, reason: str, by: str, as_json: bool
) -> None:
    """Make the records as FILE has them; what it does not name stays. The whole file is checked before anything is done.

    Nothing is removed, approved or signed by a file: rules become a draft, agreements wait for their signatures,
    new integrations are drafts.
    """
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.SEE)
    plan = planned(installation, actor, reason, file)
    if not plan.steps:
        emit({"changed": 0, "dry_run": dry_run}) if as_json else say("Everything is as the file has it.")
        return
    _show(plan.steps, dry_run, as_json)
    if dry_run:
        note(f"{_many(plan.steps)} would change. Nothing is changed.")
        return
    if not confirm(f"Change {_many(plan.steps)}?", assume_yes=yes):
        raise SystemExit(1)
    carry_out(plan, lambda step: emit(_record(step, dry_run=False)) if as_json else None)
    for step in plan.steps:
        if step.then:
            note(f"Next, for {step.kind} {step.name}: {step.then}")
    note(f"{_many(plan.steps)} {'is' if len(plan.steps) == 1 else 'are'} changed.")


def _show(steps: Sequence[Step], dry_run: bool, as_json: bool) -> None:
    """As JSON, what is really done is told as it is done."""
    for step in steps:
        if not as_json:
            _tell(step)
        elif dry_run:
            emit(_record(step, dry_run=True))


def _many(steps: Sequence[Step]) -> str:
    return f"{len(steps)} record{'' if len(steps) == 1 else 's'}"


def _tell(step: Step) -> None:
    say(f"{step.kind} {step.name}{' (new)' if step.new else ''}")
    for each in step.changes:
        before = "" if step.new and each.before is None else f"{_words(each.before)} → "
        say(f"  {each.field}: {before}{_words(each.after)}")


def _words(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _record(step: Step, *, dry_run: bool) -> dict[str, object]:
    return {
        "kind": step.kind,
        "name": step.name,
        "new": step.new,
        "dry_run": dry_run,
        "changes": [{"field": each.field, "before": each.before, "after": each.after} for each in step.changes],
        "then": step.then,
    }

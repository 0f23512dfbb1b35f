"""`wardmail source export` and `apply`: sources and handovers as a TOML file."""

from __future__ import annotations

from pathlib import Path

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, say
from wardmail.app.records_file.ways import write_handovers, write_sources
from wardmail.app.records_file.whole import carry_out, planned
from wardmail.model.person import Permission

_SECTIONS = ("source", "handover")


@click.command()
@json_option
@click.pass_obj
def export(config_path: str | None, as_json: bool) -> None:
    """Print all sources and handovers as TOML, as `apply` reads it. Secrets are references."""
    import tomli_w

    snapshot = Installation.at(config_path).register.snapshot()
    tables = {"source": write_sources(snapshot), "handover": write_handovers(snapshot)}
    emit(tables) if as_json else click.echo(tomli_w.dumps(tables), nl=False)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@reason_option(required=False)
@by_option
@json_option
@click.pass_obj
def apply(config_path: str | None, *, file: Path, dry_run: bool, reason: str, by: str, as_json: bool) -> None:
    """Make sources and handovers as FILE has them; what it does not name stays. All of them, or none when one is wrong."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    plan = planned(installation, actor, reason, file, _SECTIONS)
    if not dry_run:
        carry_out(plan, lambda _: None)
    names = [f"{step.kind} {step.name}" for step in plan.steps]
    if as_json:
        emit({"changed": names, "dry_run": dry_run})
    else:
        say(f"{'Would change' if dry_run else 'Changed'}: {', '.join(names) or 'nothing'}.")

"""`wardmail config`: the settings, and where each of them comes from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from wardmail.app.output import emit, json_option, say, table
from wardmail.app.settings import load, setting_records
from wardmail.app.settings_schema import SETTINGS


@click.group()
def command() -> None:
    """Settings: one TOML file, drop-ins beside it, the environment, and defaults."""


@command.command()
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@click.option("--changed", is_flag=True, help="Only what is not the default.")
@json_option
@click.pass_obj
def show(config_path: str | None, origin: bool, changed: bool, as_json: bool) -> None:
    """List the settings, those that were changed first."""
    for each in setting_records(load(Path(config_path) if config_path else None)):
        if changed and each["origin"] == "default":
            continue
        if as_json:
            emit(each)
        else:
            say(
                f"{each['key']} = {json.dumps(each['value'], ensure_ascii=False)}"
                + (f"    # {each['origin']}" if origin else "")
            )


@command.command()
@json_option
@click.pass_obj
def check(config_path: str | None, as_json: bool) -> None:
    """Read the settings, and say whether they can be used."""
    settings = load(Path(config_path) if config_path else None)
    changed = sum(value.origin != "default" for value in settings.values.values())
    if as_json:
        emit({"ok": True, "settings": len(settings.values), "changed": changed})
    else:
        say(
            f"The settings can be read: {changed} of {len(settings.values)} {'is' if changed == 1 else 'are'} not the default."
        )


@command.command()
@json_option
def explain(as_json: bool) -> None:
    """What each setting means."""
    if as_json:
        for setting in SETTINGS:
            emit({"key": setting.key, "type": setting.kind.__name__, "meaning": setting.meaning})
    else:
        table(("Setting", "Type", "Meaning"), [(s.key, s.kind.__name__, s.meaning) for s in SETTINGS])

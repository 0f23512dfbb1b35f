"""`wardmail doctor`: is this installation in order, and if not, what is to be done?"""

from __future__ import annotations

from pathlib import Path

import click

from wardmail.app.failures import FAILED, FINDINGS
from wardmail.app.output import emit, json_option, say

_SIGNS = {"good": "ok  ", "advice": "note", "fault": "FIX "}


@click.command()
@json_option
@click.pass_obj
def command(config_path: str | None, as_json: bool) -> None:
    """Check settings, secrets, database, certificates, routes and credentials, and that the relay is closed.

    Exit status: 0 all in order, 3 something to look at, 1 something that must be mended.
    """
    from wardmail.app.diagnosis import diagnose
    from wardmail.app.settings import load

    grades = set()
    for finding in diagnose(load(Path(config_path) if config_path else None)):
        grades.add(finding.grade)
        if as_json:
            emit({"check": finding.check, "grade": finding.grade, "found": finding.found, "to_do": finding.to_do})
        else:
            say(f"{_SIGNS[finding.grade]}  {finding.check}: {finding.found}")
            if finding.to_do:
                say(f"      {finding.to_do}")
    if "fault" in grades:
        raise SystemExit(FAILED)
    if "advice" in grades:
        raise SystemExit(FINDINGS)

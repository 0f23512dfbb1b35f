"""`wardmail ready`: does the gateway do its work? For containers, scripts and load balancers."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from wardmail.app.failures import TRY_LATER
from wardmail.app.output import emit, json_option, say
from wardmail.model.readiness import Part

_BETWEEN = 0.5


@click.command()
@click.option("--wait", type=click.FloatRange(0, 86_400), default=0.0, metavar="SECONDS", help="Ask until it is ready.")
@json_option
@click.pass_obj
def command(config_path: str | None, wait: float, as_json: bool) -> None:
    """Ask each part, and knock at each listener. Exit status: 0 ready, 75 not ready."""
    from wardmail.app.installation import Installation
    from wardmail.app.outside_view import parts_now
    from wardmail.model.readiness import is_ready
    from wardmail.web.operations import report_of

    installation, end = Installation.at(config_path), time.monotonic() + wait
    parts = parts_now(installation)
    while not is_ready(parts) and time.monotonic() < end:
        time.sleep(min(_BETWEEN, max(0.0, end - time.monotonic())))
        parts = parts_now(installation)
    if as_json:
        emit(report_of(parts))
    else:
        tell(parts)
    if not is_ready(parts):
        raise SystemExit(TRY_LATER)


def tell(parts: Sequence[Part]) -> None:
    for each in parts:
        say(f"{'ok ' if each.ok else 'NOT'}  {each.name}: {each.says}")

"""The options that make or change a record, the fields of its file, and how both change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import usable
from wardmail.manage.integration_writing import CEILINGS, rewritten
from wardmail.manage.registration import FIELDS, LEVELS, Writing
from wardmail.model.integration import Integration
from wardmail.model.standing import Profile

F = TypeVar("F", bound=Callable[..., Any])

_TECHNICAL = (
    click.option("--title", help="A name for people."),
    click.option("--route", help="The route its mail takes."),
    click.option("--sender", "senders", multiple=True, help="Allowed address, or @domain. Repeat for more."),
    click.option(
        "--network", "networks", multiple=True, help="Where it may connect from, as 10.1.0.0/16. Default: any."
    ),
    click.option(
        "--profile", type=click.Choice([p.value for p in Profile]), help="Which table of secure domains holds."
    ),
    click.option("--classification", type=click.Choice(list(LEVELS)), help="What its mail is by default."),
    click.option("--messages-per-minute", type=click.IntRange(0), help="0: no ceiling. Default: 60."),
    click.option("--messages-per-day", type=click.IntRange(0), help="0: no ceiling. Default: 10,000."),
    click.option("--recipients-per-day", type=click.IntRange(0), help="0: no ceiling. Default: 10,000."),
    click.option("--recipients-per-minute", type=click.IntRange(0), help="0: no ceiling. Default: 0."),
    click.option("--recipients-per-message", type=click.IntRange(1), help="Default: 100."),
    click.option("--detect-nhs-numbers/--no-detect-nhs-numbers", default=None, help="Default: detect."),
    click.option("--null-sender/--no-null-sender", default=None, help="It may send with an empty return address."),
)
_RECORD = tuple(click.option(f"--{f.option}", multiple=f.several, help=f"{f.words}: {f.hint}.") for f in FIELDS)

TECHNICAL_KEYS = (
    *("title", "route", "senders", "networks", "profile", "classification", *CEILINGS),
    *("recipients_per_message", "detect_nhs_numbers", "null_sender"),
)
"""What a record's file may say besides the fields of the registration."""


def record_options(command: F) -> F:
    for option in reversed((*_TECHNICAL, *_RECORD)):
        command = option(command)
    return command


def with_options(integration: Integration, options: Mapping[str, Any], writing: Writing) -> Integration:
    """The record as the given options change it; what is not given stays. Raises CommandFailed for bad values."""
    return usable(rewritten(integration, options, writing), "WM-RECORD")


def needs(options: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not options.get(name):
            option = {"senders": "sender"}.get(name, name)
            raise CommandFailed(
                "WM-OPTION-MISSING", f"--{option} is needed.", "Say it and run the command again.", USAGE
            )

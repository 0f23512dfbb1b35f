"""`wardmail integration`: who may send, as whom, with which credentials, and who answers for it."""

from __future__ import annotations

import click

from wardmail.app.commands.integration import credentials, drafting, going_live, life, listing, writing_out


@click.group()
def command() -> None:
    """Integrations: the applications that may send, and their records."""


for _each in (
    listing.list_,
    listing.show,
    listing.due,
    drafting.create,
    drafting.change,
    drafting.apply,
    drafting.export,
    life.trial,
    going_live.go_live,
    going_live.tick,
    going_live.untick,
    going_live.sign_off,
    going_live.override,
    life.suspend,
    life.resume,
    life.retire,
    writing_out.document,
    credentials.credential,
):
    command.add_command(_each)

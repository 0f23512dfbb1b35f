"""`wardmail messages`: find messages, read one for a stated reason, send it again, take its evidence."""

from __future__ import annotations

import click

from wardmail.app.commands.messages import listing, reading, sending_again, taking_evidence


class _ListByDefault(click.Group):
    """`wardmail messages ADDRESS` lists: people ask for that many times a day, and for the rest now and then."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListByDefault)
def command() -> None:
    """Messages that were sent. Without a command: a list.

    What happened to one: `wardmail trace`. Stop one that waits: `wardmail queue delete`.
    """


for _each in (listing.list_, reading.body, reading.headers, sending_again.resend, taking_evidence.evidence):
    command.add_command(_each)

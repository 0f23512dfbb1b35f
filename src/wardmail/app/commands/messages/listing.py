"""`wardmail messages list`: messages, one line a recipient."""

from __future__ import annotations

import click

from wardmail.app.acting import by_option
from wardmail.app.installation import Installation
from wardmail.app.message_finding import clues_at_hand, note_of_nothing, reach_of
from wardmail.app.message_output import as_record, state_word
from wardmail.app.output import at_most, emit, json_option, moment, table
from wardmail.app.periods import parse_period
from wardmail.model.delivery import RecipientState
from wardmail.store.messages import MessageLine, Search


@click.command("list")
@click.argument("text", default="")
@click.option("--state", "states", multiple=True, type=click.Choice([state.value for state in RecipientState]))
@click.option("--integration", default="", help="Only messages of this integration.")
@click.option("--domain", default="", help="Only recipients at this domain.")
@click.option("--since", default="7d", show_default=True, help="How far back: 30m, 12h, 7d.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@by_option
@json_option
@click.pass_obj
def list_(
    config_path: str | None,
    /,
    *,
    text: str,
    states: tuple[str, ...],
    since: str,
    limit: int,
    by: str,
    as_json: bool,
    **narrowing: str,
) -> None:
    """List messages, newest first.

    TEXT is an address, a message ID or the beginning of one, a Message-ID or reference that the application gave, or, for
    who may read content, whole words of the subject.
    """
    installation = Installation.at(config_path)
    reach = reach_of(installation, by)
    wanted = Search(
        text,
        states,
        narrowing["integration"],
        narrowing["domain"],
        installation.clock.now() - parse_period(since),
        limit + 1,
        clues=clues_at_hand(installation, text, reach),
    )
    lines = at_most(limit, installation.messages.search(wanted))
    if not lines:
        note_of_nothing(text, reach)
    if as_json:
        for line in lines:
            emit(as_record(line))
        return
    table(("Message", "When", "Status", "To", "Integration"), [_row(line) for line in lines])


def _row(line: MessageLine) -> tuple[str, ...]:
    return line.message_id, moment(line.received_at), state_word(line), line.recipient, line.integration

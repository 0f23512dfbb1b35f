"""`wardmail trace`: the journey of a message, from the audit."""

from __future__ import annotations

from collections.abc import Sequence

import click

from wardmail.app.acting import by_option
from wardmail.app.failures import USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.message_finding import clues_at_hand, note_of_nothing, reach_of
from wardmail.app.message_output import as_record, state_word
from wardmail.app.output import counted, emit, json_option, moment, rfc3339, say
from wardmail.app.periods import parse_period
from wardmail.manage.history_words import sentence
from wardmail.manage.status_words import SENTENCES
from wardmail.model.classification import Sensitivity
from wardmail.store.inbox import ArrivalSearch
from wardmail.store.messages import EventLine, MessageLine, Search


@click.command()
@click.argument("text")
@click.option("--since", default="90d", show_default=True, help="How far back to look: 30m, 12h, 7d.")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="Messages to show at most.")
@by_option
@json_option
@click.pass_obj
def command(config_path: str | None, *, text: str, since: str, limit: int, by: str, as_json: bool) -> None:
    """Show what happened to a message, and why.

    TEXT is a message ID (or its beginning), an address, a Message-ID or reference that the application gave, or, for who
    may read content, whole words of the subject.
    """
    if not text.strip():
        what = "That names no message."
        raise CommandFailed("WM-USAGE", what, "Give an ID, an address or words; `wardmail messages` lists all.", USAGE)
    installation = Installation.at(config_path)
    messages = installation.messages
    reach = reach_of(installation, by)
    clues = clues_at_hand(installation, text, reach)
    lines = messages.search(Search(text, since=installation.clock.now() - parse_period(since), limit=1000, clues=clues))
    if not lines:
        note_of_nothing(text, reach)
        came_in = installation.inbox.search(ArrivalSearch(text, limit=1, clues=clues))
        raise not_found("message", text, f"wardmail inbound show {came_in[0].id}" if came_in else "wardmail messages")
    groups: dict[str, list[MessageLine]] = {}
    for line in lines:
        groups.setdefault(line.message_id, []).append(line)
    for message_id, group in list(groups.items())[:limit]:
        history = messages.history(message_id)
        if as_json:
            events = [{"at": rfc3339(e.at), "kind": e.kind, "actor": e.actor, "detail": e.detail} for e in history]
            emit({"id": message_id, "recipients": [as_record(line) for line in group], "events": events})
        else:
            _show(message_id, group, history)
    if len(groups) > limit and not as_json:
        say(f"{len(groups) - limit} more match: say --limit, or name one of them.")


def _show(message_id: str, group: Sequence[MessageLine], history: Sequence[EventLine]) -> None:
    first = group[0]
    say(f"Message {message_id} from {first.sender}, by integration {first.integration}")
    say(
        f"  {Sensitivity(first.sensitivity).label}, {counted(first.size, 'byte')}, accepted {moment(first.received_at)}"
    )
    for line in group:
        say()
        say(f"  To {line.recipient}: {state_word(line)}")
        say(f"     {SENTENCES.get(line.state, '')}")
        say(f"     Why   {line.why or line.last_reply}")
        if line.last_reply:
            say(f"     Last  {line.last_reply}")
        if line.due_at is not None and line.state == "deferred":
            say(f"     Next  {moment(line.due_at)}")
    say()
    recipients = {line.n: line.recipient for line in group}
    for event in history:
        say(f"  {moment(event.at)}  {sentence(event.kind, event.actor, event.detail, recipients)}")
    say()

"""`wardmail hold release` and `cancel`: a person decides, about one message or about many whose number they confirm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, FAILED, NOT_FOUND, USAGE, CommandFailed
from wardmail.app.held import all_held, held_lines
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, counted, emit, json_option, note, say
from wardmail.model.delivery import RecipientState
from wardmail.model.person import Permission, Person
from wardmail.store.messages import MessageLine

if TYPE_CHECKING:
    from wardmail.model.stored import Released
    from wardmail.outbound.release import NotReleased, Proposed

_MOST = 10_000
_REASON = reason_option()
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


def _bulk_options(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option("--all", "every", is_flag=True, help="Every held copy that the next two options match."),
        click.option("--integration", default="", help="With --all: only of this integration."),
        click.option("--to-domain", "domain", default="", help="With --all: only to this domain."),
        click.option("--expect", type=int, help="With --all: how many copies you expect; nothing happens otherwise."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("message_id", required=False)
@_bulk_options
@_REASON
@_YES
@by_option
@json_option
@click.pass_obj
def release(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    message_id: str | None,
    every: bool,
    integration: str,
    domain: str,
    expect: int | None,
    reason: str,
    yes: bool,
    by: str,
    as_json: bool,
) -> None:
    """Let held messages go. The policy is asked again; TLS with a verified name stays required for sensitive mail.

    A clinician may release what is time-critical; a rule may ask for two people: the first proposes, the second agrees.
    """
    installation = Installation.at(config_path)
    lines = _chosen(installation, message_id, every=every, matching=(integration, domain), expect=expect)
    actor = _decider(installation, by, lines)
    _ask("Send", lines, yes)
    released, problems = 0, 0
    for each, group in groupby(lines, key=lambda line: line.message_id):
        only = [line.n for line in group]
        outcome = asyncio.run(_let_go(installation, each, actor, reason, only))
        done = _told(each, outcome, actor, as_json, many=every)
        released, problems = released + done, problems + (done == 0)
    if every and not as_json:
        say(f"{released} of {len(lines)} copies are released.")
    if problems and every:
        raise SystemExit(FAILED)


async def _let_go(
    installation: Installation, message_id: str, actor: Person, reason: str, only: Sequence[int]
) -> tuple[Released, ...] | NotReleased | Proposed:
    from wardmail.app.wiring import open_world
    from wardmail.outbound.deciding import let_go

    with open_world(installation) as world:
        return await let_go(world, installation.holds, message_id, actor=actor.id, reason=reason, only=only)


def _told(
    message_id: str, outcome: tuple[Released, ...] | NotReleased | Proposed, actor: Person, as_json: bool, *, many: bool
) -> int:
    from wardmail.outbound.release import NotReleased, Proposed

    if isinstance(outcome, NotReleased):
        if not many:
            to_do = f"See `wardmail hold show {message_id}`."
            raise CommandFailed("WM-HOLD-NOT-RELEASED", outcome.reason, to_do, CONFLICT)
        note(f"{message_id}: {outcome.reason}")
        return 0
    if isinstance(outcome, Proposed):
        words = "another person must agree: wardmail hold release " + message_id
        emit({"id": message_id, "proposed_by": actor.id}) if as_json else say(f"Proposed by {actor.id}; {words}")
        return 0
    if as_json:
        emit({"id": message_id, "released": len(outcome), "by": actor.id})
    else:
        say(f"Released by {actor.id}: {message_id}, {len(outcome)} cop{'y' if len(outcome) == 1 else 'ies'}.")
    return len(outcome)


@click.command()
@click.argument("message_id", required=False)
@_bulk_options
@_REASON
@_YES
@by_option
@json_option
@click.pass_obj
def cancel(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    message_id: str | None,
    every: bool,
    integration: str,
    domain: str,
    expect: int | None,
    reason: str,
    yes: bool,
    by: str,
    as_json: bool,
) -> None:
    """Do not send held messages. Their content stays until its retention ends."""
    installation = Installation.at(config_path)
    lines = _chosen(installation, message_id, every=every, matching=(integration, domain), expect=expect)
    actor = acting_person(installation, by, Permission.RELEASE_HOLDS)
    _ask("Cancel", lines, yes)
    cancelled = 0
    for each, group in groupby(lines, key=lambda line: line.message_id):
        only = [line.n for line in group]
        changed = installation.messages.change_state(
            [each], to=RecipientState.CANCELLED, actor=actor.id, reason=reason, only=only
        )
        cancelled += len(changed)
        if as_json:
            emit({"id": each, "cancelled": len(changed), "by": actor.id})
    if not as_json:
        say(f"Cancelled by {actor.id}: {cancelled} cop{'y is' if cancelled == 1 else 'ies are'} not sent.")


def _chosen(
    installation: Installation, message_id: str | None, *, every: bool, matching: tuple[str, str], expect: int | None
) -> list[MessageLine]:
    if every == bool(message_id) or (not every and (any(matching) or expect is not None)):
        raise CommandFailed("WM-USAGE", "Name one message, or say --all.", "See --help.", USAGE)
    if message_id:
        return held_lines(installation, message_id)
    lines = all_held(installation, *matching, _MOST + 1)
    if len(lines) > _MOST:
        what = f"More than {_MOST:,} copies match, which are too many at once. Nothing was done."
        raise CommandFailed("WM-HOLD-COUNT", what, "Say --integration or --to-domain, and decide about some.", CONFLICT)
    if not lines:
        raise CommandFailed("WM-HOLD-COUNT", "No held copy matches.", "See `wardmail hold list`.", NOT_FOUND)
    if expect is None or len(lines) != expect:
        said = "You did not say how many you expect" if expect is None else f"You expect {expect}"
        raise CommandFailed(
            "WM-HOLD-COUNT",
            f"{said}; {counted(len(lines), 'copy matches', 'copies match')}. Nothing was done.",
            f"Look at `wardmail hold list`, then say --expect {len(lines)}.",
            CONFLICT,
        )
    return lines


def _decider(installation: Installation, by: str, lines: Sequence[MessageLine]) -> Person:
    """A clinician may let time-critical copies go; everything else takes the permission for all holds."""
    if all(line.urgent for line in lines):
        try:
            return acting_person(installation, by, Permission.RELEASE_TIME_CRITICAL)
        except CommandFailed as failure:
            if failure.code != "WM-NOT-PERMITTED":
                raise
    return acting_person(installation, by, Permission.RELEASE_HOLDS)


def _ask(verb: str, lines: Sequence[MessageLine], yes: bool) -> None:
    messages = {line.message_id for line in lines}
    if len(messages) == 1:
        question = f"{verb} {lines[0].message_id} to {', '.join(line.recipient for line in lines)}?"
    else:
        question = f"{verb} {len(lines)} copies of {len(messages)} messages?"
    if not confirm(question, assume_yes=yes):
        raise SystemExit(FAILED)

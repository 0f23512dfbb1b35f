"""`wardmail messages body` and `headers`: what a message says, for a stated reason that is kept in the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, note, say
from wardmail.model.person import Permission

if TYPE_CHECKING:
    from wardmail.outbound.opened_content import ContentDesk, ReadContent

_REASON = reason_option("Why; kept in the audit with your name. No patient's name.")


@click.command()
@click.argument("message_id")
@_REASON
@by_option
@json_option
@click.pass_obj
def body(config_path: str | None, *, message_id: str, reason: str, by: str, as_json: bool) -> None:
    """Show the subject and the readable text."""
    content = _opened(config_path, message_id, reason, by, lambda desk: desk.text(message_id))
    if as_json:
        emit({"id": message_id, "subject": content.subject, "text": content.text, "gap": content.gap})
        return
    say(f"Subject: {content.subject}\n\n{content.text}")
    if content.gap:
        note(content.gap)


@click.command()
@click.argument("message_id")
@_REASON
@by_option
@json_option
@click.pass_obj
def headers(config_path: str | None, *, message_id: str, reason: str, by: str, as_json: bool) -> None:
    """Show the header as it is stored: signed, with our trace on top."""
    content = _opened(config_path, message_id, reason, by, lambda desk: desk.headers(message_id))
    if as_json:
        emit({"id": message_id, "headers": content.text, "gap": content.gap})
        return
    say(content.text.rstrip("\n"))
    if content.gap:
        note(content.gap)


def _opened(
    config_path: str | None,
    message_id: str,
    reason: str,
    by: str,
    read: Callable[[ContentDesk], Awaitable[ReadContent]],
) -> ReadContent:
    """Raises CommandFailed."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.READ_CONTENT)
    return asyncio.run(_read(installation, message_id, (actor.id, reason), read))


async def _read(
    installation: Installation,
    message_id: str,
    said: tuple[str, str],
    read: Callable[[ContentDesk], Awaitable[ReadContent]],
) -> ReadContent:
    """`said`: who, and why. Raises CommandFailed."""
    from wardmail.app.wiring import open_world
    from wardmail.content.inspection import inspect
    from wardmail.model.inspection import Inspection
    from wardmail.model.refusal import ContentGone
    from wardmail.outbound.opened_content import ContentDesk

    async def looked_into(message: bytes) -> Inspection:
        return await asyncio.to_thread(inspect, message)

    with open_world(installation) as world:
        desk = ContentDesk(world, looked_into)
        if not await desk.open(message_id, *said):
            raise not_found("message", message_id, "wardmail messages")
        try:
            return await read(desk)
        except ContentGone:
            what = f"The content of {message_id} is not kept any more: its term has ended."
            raise CommandFailed("WM-CONTENT-GONE", what, "See `wardmail retention show`.", CONFLICT) from None

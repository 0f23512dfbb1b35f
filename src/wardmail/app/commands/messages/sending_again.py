"""`wardmail messages resend`: sends a stored message again, as a new one, by the policy of today."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, FAILED, CommandFailed, not_found, refused
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, emit, json_option, say
from wardmail.model.person import Permission

if TYPE_CHECKING:
    from wardmail.model.receipt import Accepted
    from wardmail.model.refusal import Refusal
    from wardmail.model.resending import NotResent


@click.command()
@click.argument("message_id")
@click.option("--to", "recipients", multiple=True, help="Only to these of its recipients; repeat for more.")
@reason_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def resend(
    config_path: str | None,
    *,
    message_id: str,
    recipients: tuple[str, ...],
    reason: str,
    yes: bool,
    by: str,
    as_json: bool,
) -> None:
    """Send a message again, as it is, under a new ID. The register, the policy and limits of today decide about it.

    Copies that are on their way, held or cancelled are not sent again. A running gateway delivers it.
    """
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.OPERATE_QUEUE)
    if not installation.messages.exists(message_id):
        raise not_found("message", message_id, "wardmail messages")
    if not confirm(f"Send {message_id} again to {', '.join(recipients) or 'all who may get it'}?", assume_yes=yes):
        raise SystemExit(FAILED)
    done = _taken(message_id, asyncio.run(_resent(installation, message_id, (actor.id, reason), recipients)))
    from wardmail.policy.explain import headline

    for person, decision in done.decisions:
        if as_json:
            record = {"id": done.message_id, "first": message_id, "to": str(person)}
            emit(record | {"outcome": decision.outcome.value, "route": decision.route})
        else:
            say(f"{done.message_id}  {person}: {headline(decision)}")


async def _resent(
    installation: Installation, message_id: str, said: tuple[str, str], recipients: tuple[str, ...]
) -> Accepted | Refusal | NotResent:
    from wardmail.app.wiring import open_world
    from wardmail.model.resending import Wish
    from wardmail.outbound.resending import ResendDesk
    from wardmail.outbound.walk import accept

    with open_world(installation) as world:
        desk = ResendDesk(world, partial(accept, world))
        return await desk.send(Wish(message_id, desk.new_id(), *said, recipients or None))


def _taken(message_id: str, done: Accepted | Refusal | NotResent) -> Accepted:
    """Raises CommandFailed."""
    from wardmail.model.refusal import Refusal
    from wardmail.model.resending import NotResent

    if isinstance(done, NotResent):
        raise CommandFailed(done.error, done.reason, f"Nothing was sent. See `wardmail trace {message_id}`.", CONFLICT)
    if isinstance(done, Refusal):
        raise refused(done)
    return done

"""A person lets held copies go: the policy is asked again, and only a hold that a person may lift is lifted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wardmail.model.decision import Decision, Outcome
from wardmail.model.delivery import RecipientState
from wardmail.model.stored import Event, Released, StoredMessage, StoredRecipient
from wardmail.outbound import transformation
from wardmail.outbound.decision import decide, gather_facts
from wardmail.outbound.examination import examine
from wardmail.outbound.world import World
from wardmail.protocol.address import InvalidAddress, parse_mailboxes
from wardmail.protocol.headers import BadHeaders, HeaderBlock


@dataclass(frozen=True, slots=True)
class NotReleased:
    """Why nothing was released; a sentence for people."""

    reason: str


async def release(
    world: World, message_id: str, *, actor: str, reason: str, only: Sequence[int] | None = None
) -> tuple[Released, ...] | NotReleased:
    """Release the held copies of one message (`only`: those recipients), in the name of `actor` (SHARE-9)."""
    loaded = await world.queue.load(message_id)
    if loaded is None:
        return NotReleased(f"There is no message {message_id}.")
    stored, recipients = loaded
    held = [each for each in recipients if each.state is RecipientState.HELD and (only is None or each.n in only)]
    if not held:
        return NotReleased(f"No copy of {message_id} is held.")
    released = await _release(world, stored, held, actor)
    if isinstance(released, NotReleased):
        return released
    detail: dict[str, object] = {"reason": reason, "recipients": [each.n for each in released]}
    event = Event("HoldReleased", world.clock.now(), actor, message_id, "message", detail)
    if not await world.queue.reopen(message_id, released, event):
        return NotReleased(f"{message_id} changed in the meantime; look again.")
    return released


async def _release(
    world: World, stored: StoredMessage, held: Sequence[StoredRecipient], actor: str
) -> tuple[Released, ...] | NotReleased:
    integration = world.register.snapshot.integrations.get(stored.origin.integration_id)
    if integration is None:
        return NotReleased("Its integration is not registered any more.")
    head, body = await world.queue.read_content(stored.id, held[0].variant)
    block = HeaderBlock.split(head)
    if isinstance(block, BadHeaders):
        return NotReleased(f"Its header cannot be read: {block.reason}")
    author = parse_mailboxes(block.get(b"from") or b"")
    if isinstance(author, InvalidAddress) or not author:
        return NotReleased("Its author cannot be read.")
    trace, prepared = block.fields[0][1], HeaderBlock(block.fields[1:])
    body_hash = examine(integration, prepared, body).body_hash
    released = []
    for each in held:
        facts = gather_facts(
            world.register,
            integration,
            each.recipient.address,
            stored.classification.level,
            require_tls=stored.envelope.require_tls,
            released_by=actor,
        )
        decision = decide(world.rules, facts)
        problem = _problem(decision)
        if problem is not None:
            return NotReleased(problem)
        tag = transformation.tag_for(world, decision)
        signed = transformation.finish(world, prepared, body_hash, author_domain=author[0].domain, tag=tag, trace=trace)
        released.append(Released(each.n, decision, signed, world.clock.now()))
    return tuple(released)


def _problem(decision: Decision) -> str | None:
    match decision.outcome:
        case Outcome.DELIVER | Outcome.PROTECT:
            return None
        case Outcome.HOLD:
            return f"The policy still holds it, and nobody can lift that by hand: {decision.reason}."
        case Outcome.REFUSE:
            return f"The policy refuses it now: {decision.reason or 'no route is open'}."

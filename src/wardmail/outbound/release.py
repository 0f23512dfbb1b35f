"""A person lets held copies go: the policy is asked again, and only a hold that a person may lift is lifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from types import MappingProxyType

from wardmail.model.decision import Decision, Outcome
from wardmail.model.delivery import RecipientState
from wardmail.model.integration import Integration
from wardmail.model.message import Body
from wardmail.model.stored import Event, Released, StoredMessage, StoredRecipient
from wardmail.outbound import transformation
from wardmail.outbound.decision import decide, gather_facts
from wardmail.outbound.examination import examine
from wardmail.outbound.signing import apart_when_remote
from wardmail.outbound.trying import kept_here
from wardmail.outbound.unsigned import UnsignedCopy, unsigned
from wardmail.outbound.world import World
from wardmail.policy.facts import Known
from wardmail.protocol.headers import BadHeaders


@dataclass(frozen=True, slots=True)
class NotReleased:
    """Why nothing was released; a sentence for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A rule asks for two people: this was the first, and another one must agree. `recipients` are row numbers."""

    recipients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Deciders:
    """`first` is who proposed the release of a recipient's copy, empty where nobody has."""

    actor: str
    first: Mapping[int, str]


async def release(
    world: World,
    message_id: str,
    *,
    actor: str,
    reason: str,
    only: Sequence[int] | None = None,
    proposals: Mapping[int, str] = MappingProxyType({}),
) -> tuple[Released, ...] | NotReleased | Proposed:
    """Release the held copies of one message (`only`: those recipients), in the name of `actor` (SHARE-9).

    `proposals` says by recipient who proposed it before, for rules that ask for two people.
    """
    loaded = await world.queue.load(message_id)
    if loaded is None:
        return NotReleased(f"There is no message {message_id}.")
    stored, recipients = loaded
    held = [each for each in recipients if each.state is RecipientState.HELD and (only is None or each.n in only)]
    if not held:
        return NotReleased(f"No copy of {message_id} is held.")
    released = await _release(world, stored, held, _Deciders(actor, proposals))
    if not isinstance(released, tuple):
        return released
    detail: dict[str, object] = {"reason": reason, "recipients": [each.n for each in released]}
    event = Event("HoldReleased", world.clock.now(), actor, message_id, "message", detail)
    if not await world.queue.reopen(message_id, released, event):
        return NotReleased(f"{message_id} changed in the meantime; look again.")
    return released


async def _release(
    world: World, stored: StoredMessage, held: Sequence[StoredRecipient], deciders: _Deciders
) -> tuple[Released, ...] | NotReleased | Proposed:
    integration = world.register.snapshot.integrations.get(stored.origin.integration_id)
    if integration is None:
        return NotReleased("Its integration is not registered any more.")
    released: list[Released] = []
    for variant, group in groupby(sorted(held, key=_variant), key=_variant):
        content = await world.queue.read_content(stored.id, variant)
        original = _original(integration, content)
        if isinstance(original, NotReleased):
            return original
        for each in group:
            decision = _decision(world, stored, integration, each, deciders)
            if _lacks_second_person(world, stored, integration, each, decision):
                return Proposed(tuple(copy.n for copy in held))
            problem = _problem(decision)
            if problem is not None:
                return NotReleased(problem)
            finish = partial(_finished, world, original, transformation.tag_for(world, decision))
            head = await apart_when_remote(world, original.copy.author.domain, finish)
            released.append(Released(each.n, decision, head, world.clock.now()))
    return tuple(released)


@dataclass(frozen=True, slots=True)
class _Original:
    """A copy as it was before it was signed, with the hash of its body."""

    copy: UnsignedCopy
    body_hash: bytes


def _original(integration: Integration, content: tuple[bytes, Body]) -> _Original | NotReleased:
    copy = unsigned(content[0])
    if isinstance(copy, BadHeaders):
        return NotReleased(copy.reason)
    return _Original(copy, examine(integration, copy.block, content[1]).body_hash)


def _finished(world: World, original: _Original, tag: str | None) -> bytes:
    copy = original.copy
    return transformation.finish(
        world, copy.block, original.body_hash, author_domain=copy.author.domain, tag=tag, trace=copy.trace
    )


def _decision(
    world: World, stored: StoredMessage, integration: Integration, copy: StoredRecipient, deciders: _Deciders
) -> Decision:
    facts = gather_facts(
        world.register,
        integration,
        copy.recipient.address,
        stored.classification.level,
        require_tls=stored.envelope.require_tls,
        bulk=Known(stored.bulk),
        deciders=(deciders.actor, *filter(None, (deciders.first.get(copy.n),))),
    )
    return kept_here(world.register.snapshot, stored.origin.username, decide(world.rules, facts))


def _lacks_second_person(
    world: World, stored: StoredMessage, integration: Integration, copy: StoredRecipient, decision: Decision
) -> bool:
    """Would it go if another person had agreed?"""
    if decision.outcome is not Outcome.HOLD:
        return False
    two = _Deciders("one person", {copy.n: "another person"})
    return _decision(world, stored, integration, copy, two).outcome in (Outcome.DELIVER, Outcome.PROTECT)


def _variant(copy: StoredRecipient) -> int:
    return copy.variant


def _problem(decision: Decision) -> str | None:
    match decision.outcome:
        case Outcome.DELIVER | Outcome.PROTECT:
            return None if decision.route else "It came with a test credential, and there is no sandbox route."
        case Outcome.HOLD:
            return f"The policy still holds it, and nobody can lift that by hand: {decision.reason}."
        case Outcome.REFUSE:
            return f"The policy refuses it now: {decision.reason or 'no route is open'}."

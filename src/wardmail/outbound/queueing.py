"""Stage 7: what was decided and transformed becomes one stored message, and what the couriers of this process get."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from wardmail.model.classification import Classification
from wardmail.model.consignment import ConsignedRecipient, Consignment
from wardmail.model.decision import Outcome
from wardmail.model.delivery import RecipientState
from wardmail.model.message import Envelope, Submission
from wardmail.model.stored import AcceptedMessage, AcceptedRecipient
from wardmail.outbound.traffic import Counting
from wardmail.outbound.transformation import Copy
from wardmail.outbound.world import Dispatch, World, term_of
from wardmail.policy.facts_codec import facts_text

_STATES = {
    Outcome.DELIVER: RecipientState.ACCEPTED,
    Outcome.PROTECT: RecipientState.ACCEPTED,
    Outcome.HOLD: RecipientState.HELD,
    Outcome.REFUSE: RecipientState.REJECTED,
}


def compose(
    world: World,
    submission: Submission,
    envelope: Envelope,
    classification: Classification,
    copies: Sequence[Copy],
    *,
    dispatch: Dispatch | None,
    counting: Counting,
    terms: tuple[str, ...] = (),
) -> AcceptedMessage:
    """Put the stored form together. Handed to our own couriers when all of its routes have room, else left due now."""
    settings, now = world.settings, submission.received_at
    heads = tuple(dict.fromkeys(copy.head for copy in copies))
    places = {head: place for place, head in enumerate(heads)}
    ours = dispatch is not None and _have_room(dispatch, submission.body.size, copies)
    due_at = now + settings.lease if ours else now
    return AcceptedMessage(
        id=submission.id,
        origin=submission.origin,
        envelope=envelope,
        classification=classification,
        policy_version=world.policy_version,
        received_at=now,
        expires_at=now + settings.expire_after,
        notice_at=now + settings.notice_after,
        heads=heads,
        body=submission.body,
        recipients=tuple(_row(n, copy, places[copy.head], due_at) for n, copy in enumerate(copies)),
        charges=counting.charges,
        lease_owner=world.owner if ours else None,
        bulk=counting.bulk,
        sighting=counting.sighting,
        retention_days=term_of(world, submission.origin.integration_id),
        terms=terms,
        again=submission.again,
    )


def _row(n: int, copy: Copy, variant: int, due_at: float) -> AcceptedRecipient:
    """Only what is to be sent is due."""
    state = _STATES[copy.decision.outcome]
    return AcceptedRecipient(
        n=n,
        recipient=copy.recipient,
        decision=copy.decision,
        variant=variant,
        state=state,
        due_at=due_at if state is RecipientState.ACCEPTED else None,
        facts=facts_text(copy.facts),
    )


def consignments_of(message: AcceptedMessage) -> Sequence[Consignment]:
    """What this process's couriers take at once: nothing is read back from the store."""
    if message.lease_owner is None:
        return ()
    waiting = sorted((each for each in message.recipients if each.due_at is not None), key=_together)
    return [_consignment(message, list(group)) for _, group in groupby(waiting, key=_together)]


def _have_room(dispatch: Dispatch, size: int, copies: Sequence[Copy]) -> bool:
    routes = {copy.decision.route for copy in copies if _STATES[copy.decision.outcome] is RecipientState.ACCEPTED}
    return bool(routes) and all(route is not None and dispatch.has_room(route, size) for route in routes)


def _together(recipient: AcceptedRecipient) -> tuple[int, str, int]:
    return recipient.variant, recipient.decision.route or "", recipient.decision.tls


def _consignment(message: AcceptedMessage, group: Sequence[AcceptedRecipient]) -> Consignment:
    envelope, first = message.envelope, group[0]
    return Consignment(
        message_id=message.id,
        route=first.decision.route or "",
        sender=envelope.sender,
        recipients=tuple(
            ConsignedRecipient(each.n, each.recipient.address, each.recipient.notify, each.recipient.orcpt)
            for each in group
        ),
        head=message.heads[first.variant],
        body=message.body,
        tls=first.decision.tls,
        ret=envelope.ret,
        envid=envelope.envid,
        eight_bit=envelope.eight_bit,
        smtputf8=envelope.smtputf8,
        require_tls=envelope.require_tls,
        integration_id=message.origin.integration_id,
        sensitive=message.classification.is_sensitive,
        received_at=message.received_at,
        bulk=message.bulk,
        username=message.origin.username,
    )

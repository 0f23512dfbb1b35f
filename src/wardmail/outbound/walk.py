"""The walk of one message from an application into the queue: gather, judge, transform, put, reply. Read this first.

    submission → authentication → authorisation → classification → decision → transformation → queueing → "stored as …"

Delivery, recording and reporting follow later, in any process: see delivery.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from wardmail.model.address import Address
from wardmail.model.classification import Classification
from wardmail.model.decision import Decision, Outcome
from wardmail.model.integration import Integration
from wardmail.model.message import Envelope, Submission
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.stored import Event
from wardmail.outbound import authorisation, classification, decision, queueing, transformation
from wardmail.outbound.examination import Examination, examine
from wardmail.outbound.gate import closed, told
from wardmail.outbound.reporting import rejection_reports
from wardmail.outbound.world import Dispatch, World
from wardmail.protocol.headers import BadHeaders, HeaderBlock

URGENCY = b"wardmail-urgency"
TOO_LARGE_A_CROWD = Refusal(
    550,
    "5.5.3",
    "The message has more recipients than this integration's ceiling ever allows; send it in smaller parts",
    "WM-LIMIT-INTEGRATION",
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that was found out and decided about one submission, before anything is changed or stored."""

    integration: Integration
    envelope: Envelope
    block: HeaderBlock
    author: Address
    examination: Examination
    classification: Classification
    decisions: tuple[Decision, ...]


async def accept(world: World, submission: Submission, dispatch: Dispatch | None = None) -> Accepted | Refusal:
    """Take responsibility for a message, or refuse it whole. Raises Unavailable when the store cannot keep it.

    `dispatch` is this process's own couriers; without them the message waits for another process's.
    """
    judged = await judge(world, submission)
    if isinstance(judged, Refusal):
        await _note_refusal(world, submission, judged)
        return judged
    copies = transformation.make_copies(
        world,
        submission,
        judged.block,
        judged.decisions,
        judged.examination.body_hash,
        author_domain=judged.author.domain,
    )
    charges = queueing.charges_of(judged.integration, len(copies))
    if any(each.amount > each.limit for each in charges):
        return TOO_LARGE_A_CROWD
    message = queueing.compose(
        world, submission, judged.envelope, judged.classification, copies, dispatch=dispatch, charges=charges
    )
    later = await world.queue.put(message, rejection_reports(world, message))
    if later is not None:
        return too_many(later - submission.received_at)
    if dispatch is not None:
        dispatch.offer(queueing.consignments_of(message))
    return Accepted(message.id, tuple((copy.recipient.address, copy.decision) for copy in copies))


async def judge(world: World, submission: Submission) -> Judgement | Refusal:
    """Everything up to the decision; stores and changes nothing, so a dry run is this and no more."""
    judged = await _judge(world, submission)
    return told(judged, world.settings.contacts) if isinstance(judged, Refusal) else judged


async def _judge(world: World, submission: Submission) -> Judgement | Refusal:
    integration = world.register.snapshot.integrations.get(submission.origin.integration_id)
    if integration is None:
        return Refusal(550, "5.7.1", "This integration is not registered any more", "WM-INTEGRATION-UNKNOWN")
    barred = closed(integration, world.register.state_of(integration), world.register.terms)
    if barred is not None:
        return barred
    block = HeaderBlock.split(submission.head)
    if isinstance(block, BadHeaders):
        return Refusal(554, "5.6.0", f"The message header cannot be read: {block.reason}", "WM-HEADER-INVALID")
    if len(block.get_all(b"received")) > world.settings.most_received_fields:
        return Refusal(554, "5.4.6", "This message has been relayed too often: a mail loop", "WM-LOOP")
    authors = authorisation.check_authors(integration, block)
    if isinstance(authors, Refusal):
        return authors
    if not submission.head.isascii() and not submission.envelope.smtputf8:
        return Refusal(
            550,
            "5.6.7",
            "The header has 8-bit characters: encode them (RFC 2047), or send with SMTPUTF8",
            "WM-HEADER-8BIT",
        )
    return await _judge_content(world, submission, integration, block, authors[0])


async def _judge_content(
    world: World, submission: Submission, integration: Integration, block: HeaderBlock, author: Address
) -> Judgement | Refusal:
    if submission.body.is_spooled:
        examination = await asyncio.to_thread(examine, integration, block, submission.body)
    else:
        examination = examine(integration, block, submission.body)
    classified = classification.classify(integration, block, examination.reading)
    if isinstance(classified, Refusal):
        return classified
    urgency = (block.get(URGENCY) or b"").strip().lower()
    envelope = replace(submission.envelope, eight_bit=submission.envelope.eight_bit or examination.eight_bit)
    decisions = tuple(
        decision.decide(
            world.rules,
            decision.gather_facts(
                world.register,
                integration,
                recipient.address,
                classified.level,
                time_critical=urgency == b"time-critical",
                require_tls=envelope.require_tls,
            ),
        )
        for recipient in envelope.recipients
    )
    refusal = _refusal_of_all(decisions)
    if refusal is not None:
        return refusal
    return Judgement(integration, envelope, block, author, examination, classified, decisions)


def _refusal_of_all(decisions: tuple[Decision, ...]) -> Refusal | None:
    """When nobody may have it, the submitter hears so at once. Otherwise the refused recipients get a report."""
    if any(each.outcome is not Outcome.REFUSE for each in decisions):
        return None
    refusals = [each.refusal for each in decisions if each.refusal is not None]
    return next((each for each in refusals if not each.is_temporary), refusals[0] if refusals else None)


def too_many(wait: float) -> Refusal:
    minutes = max(1, round(wait / 60))
    return Refusal(
        451,
        "4.7.0",
        f"This integration has reached its sending limit; try again in {minutes} minute{'s' * (minutes > 1)}",
        "WM-LIMIT-INTEGRATION",
    )


async def _note_refusal(world: World, submission: Submission, refusal: Refusal) -> None:
    """A refused message leaves a line in the audit and nothing else (SEC-4)."""
    detail: dict[str, object] = {
        "integration": submission.origin.integration_id,
        "user": submission.origin.username,
        "peer": submission.origin.peer,
        "code": refusal.code,
        "error": refusal.error,
        "reason": refusal.public,
        "domains": sorted({each.address.domain for each in submission.envelope.recipients}),
    }
    await world.queue.note(
        Event("SubmissionRefused", submission.received_at, submission.origin.username, submission.id, "message", detail)
    )

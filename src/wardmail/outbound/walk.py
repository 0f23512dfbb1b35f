"""The walk of one message from an application into the queue: gather, judge, transform, put, reply. Read this first.

    submission → authentication → authorisation → classification → decision → transformation → queueing → "stored as …"

Delivery, recording and reporting follow later, in any process: see delivery.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from wardmail.model.address import Address
from wardmail.model.classification import Classification
from wardmail.model.decision import Decision, Outcome
from wardmail.model.integration import Integration
from wardmail.model.message import Body, Envelope, Submission
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.stored import AcceptedMessage, Alike, Event, Full
from wardmail.model.traffic import Sighting
from wardmail.outbound import authorisation, classification, decision, queueing, traffic, transformation, trying
from wardmail.outbound.examination import Examination, look_through
from wardmail.outbound.footer import SplicedBody
from wardmail.outbound.gate import closed, told
from wardmail.outbound.reporting import rejection_reports
from wardmail.outbound.respooling import spooled_anew
from wardmail.outbound.signing import apart_when_remote
from wardmail.outbound.world import Dispatch, World
from wardmail.policy.facts import NO, Fact, Facts, Known, Missing
from wardmail.protocol.headers import BadHeaders, HeaderBlock
from wardmail.protocol.search_terms import terms_of

URGENCY = b"wardmail-urgency"
TOO_LARGE_A_CROWD = Refusal(
    550,
    "5.5.3",
    "The message has more recipients than this integration's ceiling ever allows; send it in smaller parts",
    "WM-LIMIT-INTEGRATION",
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that was found out and decided about one submission, before anything is changed or stored.

    `username` is of the credential: what came with a test one stays here.
    """

    integration: Integration
    envelope: Envelope
    block: HeaderBlock
    author: Address
    examination: Examination
    classification: Classification
    time_critical: bool
    facts: tuple[Facts, ...] = ()
    decisions: tuple[Decision, ...] = ()
    bulk: Fact[bool] = NO
    username: str = ""


async def accept(world: World, submission: Submission, dispatch: Dispatch | None = None) -> Accepted | Refusal:
    """Take responsibility for a message, or refuse it whole. Raises Unavailable when the store cannot keep it.

    `dispatch` is this process's own couriers; without them the message waits for another process's.
    """
    judged = await judge(world, submission)
    sighting = None if isinstance(judged, Refusal) else _sighting(judged)
    if not isinstance(judged, Refusal):
        submission = replace(submission, body=await _kept(world, submission.id, judged.examination.body))
    while not isinstance(judged, Refusal):
        compose = partial(_composed, world, submission, judged, dispatch, sighting)
        message = await apart_when_remote(world, judged.author.domain, compose)
        if any(each.amount > each.limit for each in message.charges):
            return TOO_LARGE_A_CROWD
        reports = await apart_when_remote(world, world.settings.hostname, partial(rejection_reports, world, message))
        turned_back = await world.queue.put(message, reports)
        if isinstance(turned_back, Alike):
            # Only the store knows what other processes sent, so it is judged once more with that.
            judged, sighting = judge_as_one_of_many(world, judged, turned_back), None
            continue
        if turned_back is not None:
            return too_many(turned_back, submission.received_at)
        if dispatch is not None:
            dispatch.offer(queueing.consignments_of(message))
        return Accepted(message.id, tuple((each.recipient.address, each.decision) for each in message.recipients))
    await _note_refusal(world, submission, judged)
    return judged


async def judge(world: World, submission: Submission) -> Judgement | Refusal:
    """Everything up to the decision; stores and changes nothing, so a dry run is this and no more."""
    judged = await _judge(world, submission)
    return told(judged, world.settings.contacts) if isinstance(judged, Refusal) else judged


async def _judge(world: World, submission: Submission) -> Judgement | Refusal:
    integration = world.register.snapshot.integrations.get(submission.origin.integration_id)
    if integration is None:
        return Refusal(550, "5.7.1", "This integration is not registered any more", "WM-INTEGRATION-UNKNOWN")
    if trying.is_homeless(world.register.snapshot, submission.origin.username):
        return trying.NO_SANDBOX
    barred = closed(integration, world.register.state_of(integration), world.register.terms)
    if barred is not None:
        return barred
    block = HeaderBlock.split(submission.head)
    if isinstance(block, BadHeaders):
        return Refusal(554, "5.6.0", f"The message header cannot be read: {block.reason}", "WM-HEADER-INVALID")
    if len(block.get_all(b"received")) > world.settings.most_received_fields:
        return Refusal(
            554, "5.4.6", "This message has been relayed too often: a mail loop. Look who sends it back here", "WM-LOOP"
        )
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
    declared = traffic.declares_bulk(integration, block, submission.envelope)
    if isinstance(declared, Refusal):
        return declared
    sketched = not declared and traffic.is_compared(integration, world.register.snapshot)
    may_change = submission.again is None
    examination = await look_through(integration, block, submission.body, sketched=sketched, may_change=may_change)
    classified = classification.classify(integration, block, examination.reading)
    if isinstance(classified, Refusal):
        return classified
    urgency = (block.get(URGENCY) or b"").strip().lower()
    envelope = replace(submission.envelope, eight_bit=submission.envelope.eight_bit or examination.eight_bit)
    found = Judgement(
        integration, envelope, examination.block, author, examination, classified, urgency == b"time-critical"
    )
    found = replace(found, username=submission.origin.username)
    return _decided(world, found, Known(declared))


def judge_as_one_of_many(world: World, judged: Judgement, alike: Alike) -> Judgement | Refusal:
    """Too many people were sent the like of it (SEND-4). What nobody could read proves nothing by being alike."""
    unread = Missing("its content cannot be read, and there is much of the kind")
    again = _decided(world, judged, Known(True) if alike.certain else unread)
    return told(again, world.settings.contacts) if isinstance(again, Refusal) else again


def _decided(world: World, found: Judgement, bulk: Fact[bool]) -> Judgement | Refusal:
    facts = tuple(_facts(world, found, recipient.address, bulk) for recipient in found.envelope.recipients)
    decisions = tuple(_decide(world, found, each) for each in facts)
    refusal = _refusal_of_all(decisions)
    return refusal or replace(found, facts=facts, decisions=decisions, bulk=bulk)


def _decide(world: World, found: Judgement, facts: Facts) -> Decision:
    return trying.kept_here(world.register.snapshot, found.username, decision.decide(world.rules, facts))


def _facts(world: World, found: Judgement, recipient: Address, bulk: Fact[bool]) -> Facts:
    register, integration = world.register, found.integration
    facts = decision.gather_facts(
        register,
        integration,
        recipient,
        found.classification.level,
        time_critical=found.time_critical,
        require_tls=found.envelope.require_tls,
        bulk=bulk,
    )
    return decision.with_traffic(register, integration, facts)


async def _kept(world: World, message_id: str, body: Body) -> Body:
    """What words were put into; the sweeper removes what came in."""
    return await spooled_anew(world.spool, message_id, body) if isinstance(body, SplicedBody) else body


def _sighting(judged: Judgement) -> Sighting | None:
    return traffic.sighting_of(judged.integration, judged.examination.reading, judged.envelope)


def _composed(
    world: World,
    submission: Submission,
    judged: Judgement,
    dispatch: Dispatch | None,
    sighting: Sighting | None,
) -> AcceptedMessage:
    copies = transformation.make_copies(
        world,
        submission,
        judged.block,
        judged.facts,
        judged.decisions,
        body_hash=judged.examination.body_hash,
        author_domain=judged.author.domain,
    )
    tags = {tag for copy in copies if (tag := transformation.tag_for(world, copy.decision)) is not None}
    message = queueing.compose(
        world,
        submission,
        judged.envelope,
        judged.classification,
        copies,
        dispatch=dispatch,
        counting=traffic.Counting(
            traffic.charges_of(judged.integration, judged.envelope, len(copies)), judged.bulk == Known(True), sighting
        ),
        terms=terms_of(judged.block, judged.envelope.envid, tags),
    )
    return replace(message, footed=judged.examination.is_footed)


def _refusal_of_all(decisions: tuple[Decision, ...]) -> Refusal | None:
    """When nobody may have it, the submitter hears so at once. Otherwise the refused recipients get a report."""
    if any(each.outcome is not Outcome.REFUSE for each in decisions):
        return None
    refusals = [each.refusal for each in decisions if each.refusal is not None]
    return next((each for each in refusals if not each.is_temporary), refusals[0] if refusals else None)


def too_many(full: Full, now: float) -> Refusal:
    minutes = max(1, round((full.until - now) / 60))
    who, error = ("integration", "WM-LIMIT-INTEGRATION")
    if full.key.startswith("sender-"):
        who, error = ("sender address", "WM-LIMIT-SENDER")
    return Refusal(
        451,
        "4.7.0",
        f"This {who} has reached its sending limit; try again in {minutes} minute{'s' * (minutes > 1)}",
        error,
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
    actor, again = submission.origin.username, submission.again
    if again is not None:
        actor, detail = again.by, detail | {"first": again.first, "why": again.reason}
    await world.queue.note(Event("SubmissionRefused", submission.received_at, actor, submission.id, "message", detail))

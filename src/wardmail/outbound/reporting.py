"""Stage 10: tells senders what they asked to be told: failures, delays, and relays that will not report (RFC 3461)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial

from wardmail.model.consignment import AttemptResult, ConsignedRecipient, Consignment
from wardmail.model.decision import Decision, Outcome
from wardmail.model.delivery import Delivered, Failed, HandedOn, PeerReply, RecipientState
from wardmail.model.message import Body, Envelope, MemoryBody, Origin, Recipient
from wardmail.model.refusal import Unavailable
from wardmail.model.route import TlsLevel
from wardmail.model.stored import AcceptedMessage, AcceptedRecipient, RecipientUpdate, StoredMessage
from wardmail.outbound.signing import apart_when_remote
from wardmail.outbound.trying import is_test, route_of
from wardmail.outbound.world import World, term_of
from wardmail.protect import dkim
from wardmail.protect.canonical import RelaxedBodyHash
from wardmail.protocol import dsn
from wardmail.protocol.dsn import Action, Fate
from wardmail.protocol.headers import BadHeaders, HeaderBlock

log = logging.getLogger(__name__)

LARGEST_RETURNED = 64 * 1024
"""Octets of body that RET=FULL gives back; a sender knows what it sent."""


WAITS_FOR_A_PERSON = ("4.7.1", "It is held for a person to decide, and has not been sent yet.")
RETURNED = ("5.7.1", "It was held for a person to decide, nobody did in time, and so it was not sent.")
"""Enhanced status and words for a hold, and for one that ended by the clock."""


class Reporter:
    """Makes reports; the caller stores them in the transaction that stores what they report on."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def reports_on(
        self, consignment: Consignment, updates: Sequence[RecipientUpdate]
    ) -> Sequence[AcceptedMessage]:
        """For one attempt: failures, and successes that the sender asked about and nobody else will report."""
        if consignment.sender is None:
            return ()
        recipients = {each.id: each for each in consignment.recipients}
        fates = [fate for each in updates if (fate := _fate(recipients[each.n], each)) is not None]
        if not fates:
            return ()
        loaded = await self._world.queue.load(consignment.message_id)
        if loaded is None:
            return ()
        return await self._by_action(loaded[0], fates, consignment.head, consignment.body)

    async def on_expiry(self, message_id: str, recipients: Sequence[int]) -> Sequence[AcceptedMessage]:
        return await self._on_waiting(message_id, recipients, Action.FAILED)

    async def on_delay(self, message_id: str, recipients: Sequence[int]) -> Sequence[AcceptedMessage]:
        return await self._on_waiting(message_id, recipients, Action.DELAYED)

    async def on_hold(self, message_id: str, recipients: Sequence[int]) -> Sequence[AcceptedMessage]:
        return await self._on_waiting(message_id, recipients, Action.DELAYED, WAITS_FOR_A_PERSON)

    async def on_hold_ended(self, message_id: str, recipients: Sequence[int]) -> Sequence[AcceptedMessage]:
        """Nobody decided in time, so it goes back: the sender must hear of it."""
        return await self._on_waiting(message_id, recipients, Action.FAILED, RETURNED)

    async def on_return(self, message_id: str, n: int, status: str, words: str) -> Sequence[AcceptedMessage]:
        """A service that took it, and reports to nobody but us, says that it failed."""
        return await self._on_waiting(message_id, [n], Action.FAILED, (status, words))

    async def _on_waiting(
        self, message_id: str, recipients: Sequence[int], action: Action, why: tuple[str, str] = ("", "")
    ) -> Sequence[AcceptedMessage]:
        loaded = await self._world.queue.load(message_id)
        if loaded is None or loaded[0].envelope.sender is None:
            return ()
        stored, rows = loaded
        wish, status = ("FAILURE", "4.4.7") if action is Action.FAILED else ("DELAY", "4.4.1")
        chosen = [row for row in rows if row.n in recipients and _wants(row.recipient.notify, wish)]
        fates = [
            Fate(
                row.recipient.address,
                action,
                why[0] or status,
                why[1] or row.last_reply or "It could not be delivered in time.",
                orcpt=row.recipient.orcpt,
                retry_until=stored.expires_at if action is Action.DELAYED and not why[0] else None,
            )
            for row in chosen
        ]
        if not fates:
            return ()
        head, body = await self._content(message_id, chosen[0].variant)
        return await self._by_action(stored, fates, head, body)

    async def _content(self, message_id: str, variant: int) -> tuple[bytes, Body]:
        """Empty when it cannot be opened: the sender is told all the same."""
        try:
            return await self._world.queue.read_content(message_id, variant)
        except Unavailable as error:
            log.error('event=content_unreadable queue_id=%s part="%s"', message_id, error.part)
            return b"", MemoryBody(())

    async def _by_action(
        self, stored: StoredMessage, fates: Sequence[Fate], head: bytes, body: Body
    ) -> Sequence[AcceptedMessage]:
        reports = []
        for action in Action:
            chosen = tuple(fate for fate in fates if fate.action is action)
            make = partial(make_report, self._world, stored, chosen, head, body)
            report = await apart_when_remote(self._world, self._world.settings.hostname, make) if chosen else None
            if report is not None:
                reports.append(report)
        return reports


def rejection_reports(world: World, message: AcceptedMessage) -> Sequence[AcceptedMessage]:
    """For recipients that the policy refused while others of the same message go out: the sender is told which."""
    fates = tuple(
        Fate(
            each.recipient.address,
            Action.FAILED,
            each.decision.refusal.status,
            each.decision.refusal.public,
            orcpt=each.recipient.orcpt,
        )
        for each in message.recipients
        if each.state is RecipientState.REJECTED
        and each.decision.refusal is not None
        and _wants(each.recipient.notify, "FAILURE")
    )
    if not fates or message.envelope.sender is None:
        return ()
    stored = StoredMessage(
        message.id,
        message.origin,
        message.envelope,
        message.classification,
        message.policy_version,
        message.received_at,
        message.expires_at,
    )
    report = make_report(world, stored, fates, message.heads[0], message.body)
    return () if report is None else (report,)


def make_report(
    world: World, stored: StoredMessage, fates: tuple[Fate, ...], head: bytes, body: Body
) -> AcceptedMessage | None:
    """A message of our own, to the sender, by the integration's route. Never to a null sender: no bounce of a bounce."""
    sender = stored.envelope.sender
    integration = world.register.snapshot.integrations.get(stored.origin.integration_id)
    route = integration and route_of(world.register.snapshot, stored.origin.username, integration.route)
    if sender is None or not route:
        log.warning("event=report_not_made queue_id=%s", stored.id)
        return None
    now, report_id = world.clock.now(), world.new_id()
    report = dsn.Report(
        reporting_host=world.settings.hostname,
        to=sender,
        arrived_at=stored.received_at,
        fates=fates,
        head=head,
        envid=stored.envelope.envid,
        body=_returned_body(stored, body),
    )
    report_head, report_body = dsn.build(report, report_id=report_id, at=now)
    signed = signed_head(world, report_head, report_body, world.settings.hostname)
    return _as_message(world, stored, route, report_id, (signed, report_body))


def _as_message(
    world: World, about: StoredMessage, route: str, report_id: str, content: tuple[bytes, bytes]
) -> AcceptedMessage:
    to = about.envelope.sender
    assert to is not None
    now = world.clock.now()
    # The user name of a test credential stays with what is said about its mail, so that the same guard keeps it here.
    tried = is_test(world.register.snapshot, about.origin.username)
    by = about.origin.username if tried else "wardmail"
    recipient = Recipient(to, frozenset({"NEVER"}))
    decision = Decision(
        Outcome.DELIVER, route, TlsLevel.VERIFIED if about.classification.is_sensitive else TlsLevel.NONE
    )
    eight_bit = not (content[0].isascii() and content[1].isascii())
    return AcceptedMessage(
        id=report_id,
        origin=Origin(about.origin.integration_id, by, "", world.settings.hostname, "report"),
        envelope=Envelope(None, (recipient,), eight_bit=eight_bit, smtputf8=to.needs_smtputf8),
        classification=about.classification,
        policy_version=about.policy_version,
        received_at=now,
        expires_at=now + world.settings.expire_after,
        notice_at=None,
        heads=(content[0],),
        body=MemoryBody((content[1],)),
        recipients=(AcceptedRecipient(0, recipient, decision, 0, RecipientState.ACCEPTED, now),),
        retention_days=term_of(world, about.origin.integration_id),
    )


def signed_head(world: World, head: bytes, body: bytes, domain: str) -> bytes:
    """What we say ourselves is signed like what applications say, where the domain has a key.

    But it is said unsigned rather than not at all: an outcome is not recorded, and an alert not given, without it.
    """
    keys = world.signer.keys_for(domain)
    block = HeaderBlock.split(head)
    if not keys or isinstance(block, BadHeaders):
        return head
    hashing = RelaxedBodyHash()
    hashing.update(body)
    now = world.clock.now()
    try:
        return b"".join([*(dkim.sign(key, block.fields, hashing.digest(), now=now) for key in keys), head])
    except Unavailable as error:
        log.warning('event=own_mail_unsigned part="%s"', error.part)
        return head


def _returned_body(stored: StoredMessage, body: Body) -> tuple[bytes, ...] | None:
    """RET=FULL is honoured for small messages that are not sensitive; else the header alone goes back."""
    if stored.envelope.ret != "FULL" or stored.classification.is_sensitive or body.size > LARGEST_RETURNED:
        return None
    return tuple(body.chunks())


def _fate(recipient: ConsignedRecipient, update: RecipientUpdate) -> Fate | None:
    result = update.result
    if result is None:
        return None
    match result.outcome:
        case Failed(status=status, reply=reply, why=why) if _wants(recipient.notify, "FAILURE"):
            return _made(recipient, Action.FAILED, result, status=status, reply=reply, why=why)
        case HandedOn(reply=reply, dsn=False) if "SUCCESS" in recipient.notify:
            return _made(recipient, Action.RELAYED, result, status="2.0.0", reply=reply)
        case Delivered(reply=reply) if "SUCCESS" in recipient.notify:
            return _made(recipient, Action.DELIVERED, result, status="2.0.0", reply=reply)
        case _:
            return None


def _made(
    recipient: ConsignedRecipient,
    action: Action,
    result: AttemptResult,
    *,
    status: str,
    reply: PeerReply | None,
    why: str = "",
) -> Fate:
    return Fate(
        recipient.address,
        action,
        status,
        " ".join(filter(None, (str(reply.code), reply.status, reply.text))) if reply else why,
        is_peer_reply=reply is not None,
        remote_host=result.host,
        orcpt=recipient.orcpt,
    )


def _wants(notify: Iterable[str], what: str) -> bool:
    """Not stated means failures and delays (RFC 3461 section 4.1)."""
    wishes = set(notify)
    return what in wishes if wishes else what in {"FAILURE", "DELAY"}

"""Mail of our own to the people who run the gateway: short, without anything of a message's content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from wardmail.model.address import Address
from wardmail.model.classification import Classification, Mark, Sensitivity
from wardmail.model.decision import Decision, Outcome
from wardmail.model.delivery import RecipientState
from wardmail.model.integration import Integration
from wardmail.model.message import Envelope, MemoryBody, Origin, Recipient
from wardmail.model.person import Permission, Person, Role
from wardmail.model.route import TlsLevel
from wardmail.model.stored import AcceptedMessage, AcceptedRecipient
from wardmail.model.webhook import WebhookMessage
from wardmail.outbound.reporting import signed_head
from wardmail.outbound.signing import apart_when_remote
from wardmail.outbound.world import World
from wardmail.protocol.address import parse_address
from wardmail.protocol.notice import notice_mail

_OWN_WORDS = Classification(Sensitivity.OFFICIAL, (Mark(Sensitivity.OFFICIAL, "the gateway's own words"),))


def make_notice(
    world: World, to: Sequence[Address], subject: str, lines: Sequence[str], *, route: str
) -> AcceptedMessage:
    """Ready to be stored. It goes from the null sender, so nothing ever bounces back and forth."""
    now, notice_id, settings = world.clock.now(), world.new_id(), world.settings
    sender = _sender(world)
    head, body = notice_mail(sender, to, subject, lines, notice_id=notice_id, host=settings.hostname, at=now)
    recipients = [Recipient(each, frozenset({"NEVER"})) for each in to]
    decision = Decision(Outcome.DELIVER, settings.notice_route or route, TlsLevel.NONE)
    return AcceptedMessage(
        id=notice_id,
        # No integration's: what stops an integration's mail must not stop the word about it.
        origin=Origin("", "wardmail", "", settings.hostname, "notice"),
        envelope=Envelope(None, tuple(recipients), smtputf8=any(each.needs_smtputf8 for each in to)),
        classification=_OWN_WORDS,
        policy_version=world.policy_version,
        received_at=now,
        expires_at=now + settings.expire_after,
        notice_at=None,
        heads=(signed_head(world, head, body, sender.rpartition("@")[2]),),
        body=MemoryBody((body,)),
        recipients=tuple(
            AcceptedRecipient(n, each, decision, 0, RecipientState.ACCEPTED, now) for n, each in enumerate(recipients)
        ),
        retention_days=settings.retention_days,
    )


async def notices_to(
    world: World, to: Sequence[Address], words: tuple[str, Sequence[str]], *, route: str
) -> list[AcceptedMessage]:
    """Subject and lines as one signed notice; none where there is nobody to tell, or no route."""
    if not to or not route:
        return []
    return [await apart_when_remote(world, notice_domain(world), partial(make_notice, world, to, *words, route=route))]


def posted(world: World, kind: str, data: Mapping[str, object]) -> WebhookMessage:
    """The same word for `notices.webhook`."""
    return WebhookMessage(world.new_id(), kind, json.dumps({"type": kind, "data": data}), world.clock.now())


def notice_route(world: World, integrations: Iterable[Integration] | None = None) -> str:
    """The one that settings name, or that of one of these integrations (None: of any); empty without either."""
    snapshot, named = world.register.snapshot, world.settings.notice_route
    theirs = [each for _, each in sorted(snapshot.integrations.items())] if integrations is None else integrations
    return next((each for each in (named, *(one.route for one in theirs)) if each in snapshot.routes), "")


def people_to_tell(people: Mapping[str, Person], needed: Permission) -> list[Address]:
    """Whose work it is; owners when there is no such person."""
    here = [each for each in people.values() if each.is_here and each.email]
    able = [each for each in here if Role.OWNER not in each.roles and each.may(needed)]
    parsed = [parse_address(each.email) for each in able or [each for each in here if Role.OWNER in each.roles]]
    return list(dict.fromkeys(each for each in parsed if isinstance(each, Address)))


def notice_domain(world: World) -> str:
    """Whose keys sign our notices."""
    return _sender(world).rpartition("@")[2]


def _sender(world: World) -> str:
    return world.settings.notice_sender or f"wardmail@{world.settings.hostname}"

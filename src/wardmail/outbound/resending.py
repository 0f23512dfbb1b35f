"""Sends a stored message again: as a new one that goes through the register, the policy and every limit (ADR 21).

Gather what is stored, judge purely what may go, and hand it in like any other submission.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from wardmail.model.classification import Sensitivity
from wardmail.model.decision import Protection
from wardmail.model.delivery import WAITING, RecipientState
from wardmail.model.message import Body, Origin, Recipient, SentAgain, Submission
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import ContentGone, Refusal
from wardmail.model.resending import NotResent, Wish
from wardmail.model.stored import StoredMessage, StoredRecipient
from wardmail.outbound import authorisation, classification, traffic
from wardmail.outbound.gate import told
from wardmail.outbound.respooling import spooled_anew
from wardmail.outbound.unsigned import unsigned
from wardmail.outbound.walk import URGENCY
from wardmail.outbound.world import World
from wardmail.protocol.fields import resent_fields
from wardmail.protocol.headers import BadHeaders

VIA = "resend"
Accept = Callable[[Submission], Awaitable[Accepted | Refusal]]

_ON_ITS_WAY = frozenset({*WAITING, RecipientState.HELD})
_UNKNOWN = NotResent("WM-RESEND-UNKNOWN", "There is no such message.")
_OWN = NotResent("WM-RESEND-OWN", "It is a report or a notice of the gateway itself, which nobody sends again.")
_STRANGER = NotResent("WM-RESEND-RECIPIENT", "It was not sent to somebody whom you name: hand it in as a new message.")
_CANCELLED = NotResent(
    "WM-RESEND-CANCELLED",
    "Somebody decided that it is not sent there. If that was wrong, the application hands it in anew.",
)
_WAITING_STILL = NotResent(
    "WM-RESEND-WAITING", "It is still on its way there, or held: it would arrive twice. Look at the queue, or at Held."
)
_GONE = NotResent(
    "WM-RESEND-GONE", "Its content is not kept any more, as its term has ended: have the application hand it in anew."
)


@dataclass(frozen=True, slots=True)
class ResendDesk:
    """Where people and programs ask for it; `accept` hands it in."""

    world: World
    accept: Accept

    def new_id(self) -> str:
        return self.world.new_id()

    async def send(self, wish: Wish) -> Accepted | Refusal | NotResent:
        """Raises Unavailable. A refusal is in the audit, like that of any other submission."""
        loaded = await self.world.queue.load(wish.first)
        if loaded is None:
            return _UNKNOWN
        stored, copies = loaded
        chosen = choose(stored, copies, wish.recipients)
        if isinstance(chosen, NotResent):
            return chosen
        try:
            content = await self.world.queue.read_content(stored.id, _plainest(copies))
        except ContentGone:
            return _GONE
        made = _submission(self.world, wish, stored, chosen, content)
        if isinstance(made, NotResent):
            return made
        barred = _barred(self.world, made)
        return barred or await self.accept(await _with_its_own_body(self.world, made))


def choose(
    stored: StoredMessage, copies: Sequence[StoredRecipient], wanted: tuple[str, ...] | None
) -> Sequence[StoredRecipient] | NotResent:
    """Whose copies are sent again. Where nobody is named those are left out that may not be; else all or nothing."""
    if is_of_the_gateway(stored):
        return _OWN
    barred = _barred_addresses(copies)
    people = {str(each.recipient.address): each for each in copies}
    names = dict.fromkeys([name for name in people if name not in barred] if wanted is None else wanted)
    if wanted is not None and (not names or not names.keys() <= people.keys()):
        return _STRANGER
    obstacle = next((barred[name] for name in names or people if name in barred), None)
    return obstacle or [people[name] for name in names]


def is_of_the_gateway(stored: StoredMessage) -> bool:
    """A report or a notice."""
    return not stored.origin.integration_id or stored.origin.via in ("report", "notice")


def _barred_addresses(copies: Sequence[StoredRecipient]) -> dict[str, NotResent]:
    """An application may name somebody twice: what stands against one of their copies stands against each."""
    found = [(str(each.recipient.address), _obstacle(each)) for each in copies]
    return {name: obstacle for name, obstacle in found if obstacle is not None}


def may_go_again(state: RecipientState) -> bool:
    return state not in _ON_ITS_WAY and state is not RecipientState.CANCELLED


def _obstacle(copy: StoredRecipient) -> NotResent | None:
    if may_go_again(copy.state):
        return None
    return _CANCELLED if copy.state is RecipientState.CANCELLED else _WAITING_STILL


def _plainest(copies: Sequence[StoredRecipient]) -> int:
    """The header block without an upstream's tag in the subject, where there is one: the policy of today tags anew."""
    tagged = [(Protection.SECURE_TAG in each.decision.protections, each.variant) for each in copies]
    return min(tagged)[1]


def _submission(
    world: World, wish: Wish, stored: StoredMessage, chosen: Sequence[StoredRecipient], content: tuple[bytes, Body]
) -> Submission | NotResent:
    copy = unsigned(content[0])
    if isinstance(copy, BadHeaders):
        return NotResent("WM-RESEND-HEADER", f"It cannot be sent again as it is stored. {copy.reason}")
    now = world.clock.now()
    try:
        resent = resent_fields(str(copy.author), now, wish.new_id, world.settings.hostname)
    except ValueError:
        return NotResent("WM-RESEND-HEADER", "It cannot be sent again as it is stored. Its author fits into no field.")
    # What the application told the gateway went no further than this: it is told anew, so that nothing is lowered.
    block = copy.block.prepend(*_instructions(stored, chosen), *resent, copy.trace)
    people = tuple(Recipient(each.recipient.address, each.recipient.notify, each.recipient.orcpt) for each in chosen)
    # The user name stays that of the first: what came with a test credential stays here for ever.
    origin = Origin(stored.origin.integration_id, stored.origin.username, "", "", VIA)
    envelope = replace(stored.envelope, recipients=people)
    again = SentAgain(stored.id, wish.by, wish.reason)
    return Submission(wish.new_id, origin, envelope, block.raw, content[1], now, again)


def _instructions(stored: StoredMessage, chosen: Sequence[StoredRecipient]) -> Sequence[bytes]:
    level = stored.classification.level
    said = level.label.lower().replace(" ", "-").encode("ascii")
    urgent = any(each.decision.urgent for each in chosen)
    return [
        *([_instruction(classification.FIELD, said)] if level > Sensitivity.OFFICIAL else ()),
        *([_instruction(URGENCY, b"time-critical")] if urgent else ()),
        *([_instruction(traffic.FIELD, b"yes")] if stored.bulk else ()),
    ]


def _instruction(name: bytes, value: bytes) -> bytes:
    return b"%b: %b\r\n" % (name.title(), value)


def _barred(world: World, made: Submission) -> Refusal | None:
    """What a listener asks at the door, before the walk begins."""
    integration = world.register.snapshot.integrations.get(made.origin.integration_id)
    if integration is None:
        return None  # the walk says so
    refusal = authorisation.check_sender(integration, made.envelope.sender)
    most = integration.limits.recipients_per_message
    if refusal is None and len(made.envelope.recipients) > most:
        refusal = Refusal(550, "5.5.3", f"More than {most} recipients: choose some of them", "WM-LIMIT-RCPT")
    return told(refusal, world.settings.contacts) if refusal is not None else None


async def _with_its_own_body(world: World, made: Submission) -> Submission:
    """A body in the spool belongs to the first message, and goes when that one's term ends."""
    if not made.body.is_spooled:
        return made
    return replace(made, body=await spooled_anew(world.spool, made.id, made.body))

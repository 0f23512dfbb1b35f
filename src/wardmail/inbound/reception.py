"""The desk that the receiver speaks to: who may bring mail, for whom, and a reply only after the commit (RECV-1)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from wardmail.inbound.arrival import is_loop, received, smtp_source_for
from wardmail.inbound.waiting_sender import WaitingSender
from wardmail.inbound.working import Workers
from wardmail.inbound.world import OPEN, InboundWorld
from wardmail.model.address import Address
from wardmail.model.arrival import Reception
from wardmail.model.integration import IntegrationState
from wardmail.model.refusal import Refusal
from wardmail.model.source import Source
from wardmail.model.verdict import Action

UNKNOWN_RECIPIENT = Refusal(550, "5.1.1", "There is no such recipient here: check the address", "WM-RECEIVE-UNKNOWN")
PAUSED = Refusal(451, "4.3.2", "Mail for this recipient is not taken just now: try again later", "WM-RECEIVE-PAUSED")
BUSY = Refusal(451, "4.3.2", "Too much mail at once: try again later", "WM-RECEIVE-BUSY")
ONLY_BY_RELAY = Refusal(550, "5.7.1", "Mail for this recipient comes by its own service only", "WM-RECEIVE-RELAY")
NEEDS_TLS = Refusal(550, "5.7.10", "Encryption is needed: say STARTTLS first", "WM-RECEIVE-TLS")
LOOP = Refusal(
    554, "5.4.6", "This message has been relayed too often: a mail loop. Look who sends it back here", "WM-LOOP"
)
REFUSED = Refusal(550, "5.7.1", "The message is refused for what it holds or for who sent it", "WM-RECEIVE-REFUSED")


CLOSED = Refusal(550, "5.7.1", "This recipient takes no mail", "WM-RECEIVE-CLOSED")
_CLOSED = {IntegrationState.RETIRED: UNKNOWN_RECIPIENT, IntegrationState.LAPSED: CLOSED}


class ReceivingDesk:
    """Implements `ports.ReceptionDesk`; answers from memory, but for `accept`."""

    def __init__(self, world: InboundWorld, workers: Workers) -> None:
        self._world = world
        self._workers = workers

    def new_message_id(self) -> str:
        return self._world.new_id()

    def now(self) -> float:
        return self._world.clock.now()

    def exception_for(self, peer: str) -> str:
        return next(filter(None, self._exceptions(peer).values()), "")

    def check_sender(self, peer: str, sender: Address | None) -> Refusal | None:
        """Any sender may try: who it really is is proved when the message is there."""
        assert self._world.register.snapshot is not None  # a register that is too old is Unavailable
        return None

    def check_recipient(self, peer: str, recipient: Address, *, by_tls: bool) -> Refusal | None:
        source = smtp_source_for(self._world, str(recipient), recipient.domain)
        if source is None or source.smtp is None:
            return UNKNOWN_RECIPIENT
        integration = self._world.register.snapshot.integrations.get(source.integration)
        if integration is None:
            return UNKNOWN_RECIPIENT
        state = self._world.register.state_of(integration)
        if state in _CLOSED:
            return _CLOSED[state]
        if source.paused or state not in OPEN:
            return PAUSED
        if not source.smtp.admits(peer):
            return ONLY_BY_RELAY
        if not by_tls and not self._exceptions(peer).get(source.name):
            return NEEDS_TLS
        return None

    async def accept(self, reception: Reception) -> str | Refusal:
        world = self._world
        if self._workers.is_full:
            return BUSY
        if is_loop(world, reception.raw):
            return LOOP
        arrived = received(world, reception, self._exceptions(reception.peer))
        if not arrived:
            return PAUSED  # its source was removed while the message was on its way
        await world.arrivals.put(arrived)
        # For several integrations one reply can say only one thing, so none of them can refuse.
        sender = WaitingSender() if len(arrived) == 1 else None
        for each in arrived:
            self._workers.begin_arrived(each, sender)
        if sender is not None and await sender.hear(world.settings.data_budget) is Action.REFUSE:
            return REFUSED
        return reception.id

    def _exceptions(self, peer: str) -> dict[str, str]:
        today = _day(self._world.clock.now())
        sources = self._world.register.snapshot.sources.values()
        return {each.name: _why_plain(each, peer, today) for each in sources if each.smtp is not None}


def _why_plain(source: Source, peer: str, today: date) -> str:
    found = source.smtp.exception_for(peer, today) if source.smtp is not None else None
    return f"{found.why} (until {found.until.isoformat()}, by {found.by})" if found is not None else ""


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()

"""What the events of a dialogue with another mail server mean: who may bring mail, for whom, and what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from wardmail.edges.smtp_body import MessageCollector
from wardmail.edges.smtp_dialogue import LOCAL_ERROR, harmless, refusal_for
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.edges.smtp_room import Dialogue
from wardmail.edges.smtp_settings import ListenerSettings
from wardmail.model.address import Address
from wardmail.model.arrival import RawMail, Reception
from wardmail.model.message import TlsSession
from wardmail.model.refusal import Refusal, Unavailable
from wardmail.ports import ReceptionDesk
from wardmail.protocol import smtp_events as events
from wardmail.protocol.smtp_server import SmtpServer
from wardmail.protocol.smtp_verbs import ServerTerms

_log = logging.getLogger(__name__)

_MOST_STRANGERS = 10
_GUESSING = Refusal(421, "4.7.1", "Too many recipients that are not here: check the addresses", "WM-RECEIVE-GUESSING")


class ReceptionHost:
    """Implements `smtp_room.DialogueHost` for mail servers that bring mail (RECV-1)."""

    def __init__(self, settings: ListenerSettings, desk: ReceptionDesk) -> None:
        self.ledger = PeerLedger(settings.limits)
        self._terms = settings.terms
        self._desk = desk

    def terms_for(self, peer: str) -> ServerTerms:
        """TLS is required before MAIL, but for a peer with an exception that has not ended."""
        try:
            exempt = bool(self._desk.exception_for(peer))
        except Unavailable:
            exempt = False
        return replace(self._terms, requires_tls=not exempt)

    def begin(self, core: SmtpServer, peer: str, new_collector: Callable[[str], MessageCollector]) -> Dialogue:
        return ReceptionDialogue(core, self._desk, peer, new_collector)


class ReceptionDialogue:
    """One peer's dialogue. Nobody logs in here: a listener for other servers offers no AUTH."""

    def __init__(
        self, core: SmtpServer, desk: ReceptionDesk, peer: str, new_collector: Callable[[str], MessageCollector]
    ) -> None:
        self._core = core
        self._desk = desk
        self._peer = peer
        self._new_collector = new_collector
        self._helo = ""
        self._mail: events.MailFrom | None = None
        self._recipients: list[Address] = []
        self._strangers = 0
        self._message_id = ""
        self._collector: MessageCollector | None = None
        self._has_brought_mail = False
        self.tls: TlsSession | None = None

    @property
    def may_stay(self) -> bool:
        """A connection that brings nothing in its first minute is not kept open."""
        return self._has_brought_mail

    def follow(self, event: events.Event) -> MessageCollector | None:
        try:
            return self._follow(event)
        except Exception as failure:
            self._core.refuse(refusal_for(failure))
            return None

    def forget(self) -> None:
        """TLS has begun: nothing said before counts (RFC 3207 section 4.2)."""
        self._helo = ""
        self._mail = None
        self._recipients = []

    def end_transaction(self) -> MessageCollector | None:
        abandoned, self._collector, self._mail = self._collector, None, None
        self._recipients = []
        return abandoned

    async def hand_in(self, ends: events.BodyEnds) -> None:
        """Give the whole message to the desk, and the desk's word to the core."""
        collector, mail, recipients = self._collector, self._mail, tuple(self._recipients)
        self._collector = self._mail = None
        self._recipients = []
        if collector is None or mail is None or not recipients:
            verdict: str | Refusal = LOCAL_ERROR
        elif collector.refusal is not None:
            verdict = collector.refusal
        else:
            verdict = await self._accept(collector, mail, recipients)
        if self._core.is_closed:
            return
        if isinstance(verdict, Refusal):
            self._core.refuse(verdict)
        else:
            self._core.accept(f"stored as {verdict}")

    def _follow(self, event: events.Event) -> MessageCollector | None:
        match event:
            case events.BodyChunk():
                if self._collector is not None:
                    self._collector.add(event.data)
            case events.RcptTo():
                self._check_recipient(event.address)
            case events.MailFrom():
                self._check_sender(event)
            case events.BodyBegins():
                self._message_id = self._desk.new_message_id()
                self._collector = self._new_collector(self._message_id)
                self._has_brought_mail = True
                self._core.accept()
            case events.Hello():
                self._helo = harmless(event.name)
                self._core.accept()
                return self.end_transaction()
            case events.BodyRefused() | events.Reset() | events.Quit() | events.ProtocolFault(closes=True):
                return self.end_transaction()
        return None

    def _check_sender(self, mail: events.MailFrom) -> None:
        refusal = self._desk.check_sender(self._peer, mail.sender)
        if refusal is not None:
            self._core.refuse(refusal)
            return
        self._mail, self._recipients = mail, []
        self._core.accept()

    def _check_recipient(self, recipient: Address) -> None:
        refusal = self._desk.check_recipient(self._peer, recipient, by_tls=self.tls is not None)
        if refusal is None:
            self._recipients.append(recipient)
            self._core.accept()
            return
        self._strangers += not refusal.is_temporary
        if self._strangers > _MOST_STRANGERS:
            _log.info("event=guessing peer=%s", self._peer)
            refusal = _GUESSING
        self._core.refuse(refusal)

    async def _accept(
        self, collector: MessageCollector, mail: events.MailFrom, recipients: tuple[Address, ...]
    ) -> str | Refusal:
        try:
            raw = RawMail(*await collector.finish())
            reception = Reception(
                self._message_id,
                self._peer,
                self._helo,
                self.tls,
                mail.sender,
                recipients,
                mail.smtputf8,
                raw,
                self._desk.now(),
            )
            return await self._desk.accept(reception)
        except Exception as failure:
            return refusal_for(failure)

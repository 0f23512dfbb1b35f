"""What the events of one SMTP dialogue mean: who logs in, what is asked of the desk, how a message is handed in."""

from __future__ import annotations

import logging
import secrets
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

from wardmail.edges.smtp_body import MessageCollector
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.model.identity import Identity
from wardmail.model.integration import Credential
from wardmail.model.message import Body, Envelope, Origin, Recipient, Submission, TlsSession
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal, Unavailable
from wardmail.ports import SubmissionDesk
from wardmail.protocol import sasl
from wardmail.protocol import smtp_events as events
from wardmail.protocol.smtp_server import SmtpServer

_log = logging.getLogger(__name__)

LOCAL_ERROR = Refusal(451, "4.3.0", "Local error: try again later", "WM-INTERNAL")
_LOGIN_UNAVAILABLE = Refusal(454, "4.7.0", "Authentication is not possible now: try again later", "WM-AUTH-UNAVAILABLE")
_LOCKED_OUT = Refusal(454, "4.7.0", "Too many failed log-ins: try again later", "WM-AUTH-LOCKED")
_WRONG_CREDENTIALS = Refusal(535, "5.7.8", "User name or secret is wrong", "WM-AUTH-FAILED")


@dataclass(frozen=True, slots=True)
class DialogueTools:
    """What every dialogue of a listener shares. `decoy_key` is random, made at start, and kept to this process."""

    desk: SubmissionDesk
    ledger: PeerLedger
    decoy_key: bytes


class SmtpDialogue:
    """One client's dialogue: gives a verdict to the core for every event that owes one, sooner or later."""

    def __init__(
        self,
        core: SmtpServer,
        tools: DialogueTools,
        peer: str,
        new_collector: Callable[[str], MessageCollector],
    ) -> None:
        self._core = core
        self._desk = tools.desk
        self._tools = tools
        self._peer = peer
        self._new_collector = new_collector
        self._helo = ""
        self._identity: Identity | None = None
        self._exchange: sasl.Exchange | None = None
        self._mail: events.MailFrom | None = None
        self._envelope: Envelope | None = None
        self._message_id = ""
        self._collector: MessageCollector | None = None
        self.tls: TlsSession | None = None

    @property
    def may_stay(self) -> bool:
        """Who has logged in need not hurry any more."""
        return self._identity is not None

    def follow(self, event: events.Event) -> MessageCollector | None:
        """Act on an event, BodyEnds apart. What comes back is a message that is off: discard it."""
        try:
            return self._follow(event)
        except Exception as failure:
            is_login = isinstance(event, events.AuthStart | events.AuthResponse)
            self._core.refuse(refusal_for(failure, is_login=is_login))
            return None

    def _follow(self, event: events.Event) -> MessageCollector | None:
        match event:
            case events.BodyChunk():
                if self._collector is not None:
                    self._collector.add(event.data)
            case events.RcptTo():
                self._check_recipient(event)
            case events.MailFrom():
                self._check_sender(event)
            case events.BodyBegins():
                self._message_id = self._desk.new_message_id()
                self._collector = self._new_collector(self._message_id)
                self._core.accept()
            case events.AuthStart() | events.AuthResponse():
                self._follow_login(event)
            case (
                events.Hello()
                | events.BodyRefused()
                | events.Reset()
                | events.Quit()
                | events.ProtocolFault(closes=True)
            ):
                return self._start_afresh(event)
        return None

    def _start_afresh(self, event: events.Event) -> MessageCollector | None:
        if isinstance(event, events.ProtocolFault):
            _log.info("dialogue with %s ended: %s", self._peer, event.reply.text)
        elif isinstance(event, events.Hello):
            self._helo = harmless(event.name)
            self._core.accept()
        return self.end_transaction()

    def forget(self) -> None:
        """TLS has begun: nothing said before counts (RFC 3207 section 4.2)."""
        self._helo = ""
        self._envelope = None
        self._exchange = None

    def end_transaction(self) -> MessageCollector | None:
        """The message, if any, is off; what had come of it is given back to be discarded."""
        abandoned, self._collector, self._envelope = self._collector, None, None
        return abandoned

    async def hand_in(self, ends: events.BodyEnds) -> None:
        """Give the whole message to the desk, and the desk's verdict to the core."""
        collector, envelope, identity = self._collector, self._envelope, self._identity
        self._collector = self._envelope = None
        if collector is None or envelope is None or identity is None:
            verdict: Accepted | Refusal = LOCAL_ERROR
        elif collector.refusal is not None:
            verdict = collector.refusal
        else:
            if ends.eight_bit and not envelope.eight_bit:
                envelope = replace(envelope, eight_bit=True)
            verdict = await self._accept(collector, envelope, identity)
        if self._core.is_closed:
            return
        if isinstance(verdict, Accepted):
            self._core.accept(f"stored as {verdict.message_id}")
        else:
            self._core.refuse(verdict)

    async def _accept(self, collector: MessageCollector, envelope: Envelope, identity: Identity) -> Accepted | Refusal:
        try:
            head, body = await collector.finish()
            return await self._desk.accept(self._submission(identity, envelope, head, body))
        except Exception as failure:
            return refusal_for(failure)

    def _submission(self, identity: Identity, envelope: Envelope, head: bytes, body: Body) -> Submission:
        username = identity.credential.username
        origin = Origin(identity.integration.id, username, self._peer, self._helo, "smtp", self.tls)
        return Submission(self._message_id, origin, envelope, head, body, self._desk.now())

    def _check_sender(self, mail: events.MailFrom) -> None:
        if self._identity is None:
            raise RuntimeError("MAIL came without a log-in: the terms of this listener must require one")
        refusal = self._desk.check_sender(self._identity, mail.sender, mail.size)
        if refusal is not None:
            self._core.refuse(refusal)
            return
        self._mail = mail
        self._envelope = _envelope(mail, ())
        self._core.accept()

    def _check_recipient(self, rcpt: events.RcptTo) -> None:
        identity, envelope, mail = self._identity, self._envelope, self._mail
        if identity is None or envelope is None or mail is None:
            raise RuntimeError("RCPT came without MAIL")
        refusal = self._desk.check_recipient(identity, envelope, rcpt.address)
        if refusal is not None:
            self._core.refuse(refusal)
            return
        recipient = Recipient(rcpt.address, rcpt.notify, rcpt.orcpt)
        self._envelope = _envelope(mail, (*envelope.recipients, recipient))
        self._core.accept()

    def _follow_login(self, event: events.AuthStart | events.AuthResponse) -> None:
        if isinstance(event, events.AuthStart):
            self._exchange = self._start_exchange(event.mechanism)
            self._advance_login(self._exchange.step(event.initial))
        elif self._exchange is not None:
            self._advance_login(self._exchange.step(event.response))

    def _start_exchange(self, mechanism: str) -> sasl.Exchange:
        if mechanism == "PLAIN":
            return sasl.Plain()
        if mechanism == "LOGIN":
            return sasl.Login()
        return sasl.Scram(self._find_credential, secrets.token_urlsafe(24), self._tools.decoy_key)

    def _find_credential(self, username: str) -> Credential | None:
        if self._is_locked_out(username):
            return None
        return self._desk.credential(username)

    def _advance_login(self, step: sasl.Step) -> None:
        match step:
            case sasl.Challenge():
                self._core.challenge(step.octets)
            case sasl.Malformed():
                self._core.refuse(Refusal(501, "5.5.2", step.why, "WM-AUTH-MALFORMED"))
            case sasl.Claim() if self._is_locked_out(step.username):
                self._core.refuse(_LOCKED_OUT)
            case sasl.Claim():
                self._log_in(step.username, self._desk.authenticate(step.username, step.secret, self._peer))
            case sasl.Proof():
                self._log_in(step.credential.username, self._desk.admit(step.credential, self._peer))
            case sasl.Disproof() if self._is_locked_out(step.username):
                self._core.refuse(_LOCKED_OUT)
            case sasl.Disproof():
                self._log_in(step.username, _WRONG_CREDENTIALS)

    def _log_in(self, username: str, verdict: Identity | Refusal) -> None:
        self._exchange = None
        if isinstance(verdict, Identity):
            self._identity = verdict
            self._core.accept()
            return
        if verdict.status == _WRONG_CREDENTIALS.status:
            # Who proved to know the secret and is turned away for another reason is not guessing.
            self._tools.ledger.record_failed_login(self._peer, username, time.monotonic())
        self._core.refuse(verdict)

    def _is_locked_out(self, username: str) -> bool:
        return self._tools.ledger.is_locked_out(self._peer, username, time.monotonic())


def _envelope(mail: events.MailFrom, recipients: tuple[Recipient, ...]) -> Envelope:
    return Envelope(mail.sender, recipients, mail.ret, mail.envid, mail.eight_bit, mail.smtputf8, mail.require_tls)


def refusal_for(failure: Exception, *, is_login: bool = False) -> Refusal:
    """A failure of ours is never a permanent refusal."""
    if isinstance(failure, Unavailable):
        _log.warning("%s is unavailable", failure.part)
    else:
        log_surprise(failure)
    return _LOGIN_UNAVAILABLE if is_login else LOCAL_ERROR


def log_surprise(failure: Exception) -> None:
    """Kind and place only: the text of an exception may quote a message."""
    place = traceback.extract_tb(failure.__traceback__)[-1]
    _log.error("unexpected %s at %s:%s", type(failure).__name__, place.filename, place.lineno)


def harmless(name: str) -> str:
    """A client's name for itself, fit for a header field and a log."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in ".-:[]_") else "?" for letter in name)

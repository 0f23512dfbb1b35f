"""One mail transaction as its client sees it: what to send, what each reply means, what came of each recipient.

How it works: `begin` gives the first bytes to write. Every reply goes to `receive`, which gives the next bytes, if any.
When `step` becomes CONTENT, write everything that `content` yields; the reply to it goes to `receive` again. At OVER,
`outcomes` has one entry for each recipient and the connection may be used again (after RSET if `needs_reset`); at
ABANDONED it must be closed. If the connection breaks, call `lose`: before the final dot that is Deferred, after it
Ambiguous.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum

from wardmail.model.consignment import ConsignedRecipient, Consignment
from wardmail.model.delivery import Ambiguous, AttemptOutcome, Deferred, Delivered, Failed, HandedOn
from wardmail.protocol.content_encoder import BareNewline, ContentEncoder
from wardmail.protocol.envelope_commands import mail_command, needs_of, rcpt_command, refuse_message, refuse_recipient
from wardmail.protocol.peer_features import PeerFeatures
from wardmail.protocol.peer_reply import ProtocolFault, ReplyLines
from wardmail.protocol.refusal_meaning import meaning_of_refusal


class Step(Enum):
    COMMANDS = "commands"
    CONTENT = "content"
    OVER = "over"
    ABANDONED = "abandoned"


_Judge = Callable[[ReplyLines], bytes]
"""Takes the reply to one command and returns what must be written at once."""


class Transaction:
    """`to_mailbox` is True when the server is the recipient's own, so that its 250 means delivered."""

    def __init__(
        self,
        consignment: Consignment,
        recipients: tuple[ConsignedRecipient, ...],
        features: PeerFeatures,
        *,
        to_mailbox: bool,
    ) -> None:
        self.step = Step.COMMANDS
        self.outcomes: dict[int, AttemptOutcome] = {}
        self.is_answered = False
        """False until the server has said anything but 421: then another connection may be tried at once."""
        self._consignment = consignment
        self._features = features
        self._to_mailbox = to_mailbox
        self._recipients = recipients
        self._accepted: list[ConsignedRecipient] = []
        self._unsent: deque[tuple[_Judge, bytes]] = deque()
        self._awaited: deque[_Judge] = deque()
        self._mail_accepted = False
        self._dot_sent = False
        self._encoder = ContentEncoder()
        self._ready_content: bytes | None = None

    @property
    def is_finished(self) -> bool:
        return self.step is Step.OVER or self.step is Step.ABANDONED

    @property
    def is_spooled(self) -> bool:
        """True when `content` blocks."""
        return self._consignment.body.is_spooled

    @property
    def needs_reset(self) -> bool:
        """The server still has a sender on its mind, and would refuse the next MAIL (RFC 5321 section 4.1.4)."""
        return self._mail_accepted and not self._dot_sent

    def begin(self) -> bytes:
        """The first bytes to write; none when every recipient was settled without asking the server."""
        needs = needs_of(self._consignment)
        refusal = refuse_message(self._consignment, needs, self._features) or self._prepare_content()
        for recipient in self._recipients:
            verdict = refusal or refuse_recipient(recipient, self._features)
            if verdict is not None:
                self.outcomes[recipient.id] = verdict
        offered = [recipient for recipient in self._recipients if recipient.id not in self.outcomes]
        if not offered:
            self.step = Step.OVER
            return b""
        smtputf8 = needs.smtputf8 or any(recipient.address.needs_smtputf8 for recipient in offered)
        mail = mail_command(self._consignment, needs, self._features, smtputf8)
        self._unsent.append((self._judge_mail, mail))
        for recipient in offered:
            self._unsent.append((self._rcpt_judge(recipient), rcpt_command(recipient, self._features)))
        self._unsent.append((self._judge_data, b"DATA\r\n"))
        return self._send_more()

    def receive(self, reply: ReplyLines) -> bytes:
        """Raises ProtocolFault when the reply fits nothing that was asked; then call `lose` and close."""
        if reply.code == 421 or (self.step is Step.CONTENT and reply.code >= 400):
            self._abandon(meaning_of_refusal(reply))
            return b""
        if not self._awaited:
            raise ProtocolFault("the server sent a reply that nothing asked for")
        self.is_answered = True
        judge = self._awaited.popleft()
        answer = judge(reply)
        return answer or (self._send_more() if self.step is Step.COMMANDS and not self._awaited else b"")

    def content(self) -> Iterator[bytes]:
        """The message in chunks, the last one with the end of data; blocking when the body is spooled.

        Raises BareNewline; everybody is settled then, and the connection must be closed without another byte.
        """
        if self._ready_content is not None:
            self._expect_verdict()
            yield self._ready_content
            return
        consignment, encoder = self._consignment, self._encoder
        try:
            pending = encoder.encode(consignment.head + b"\r\n")
            for chunk in consignment.body.chunks():
                yield pending
                pending = encoder.encode(chunk)
            pending += encoder.finish()
        except BareNewline:
            self._abandon(_BARE_NEWLINE)
            raise
        self._expect_verdict()
        yield pending

    def lose(self, why: str) -> None:
        """The connection broke, stalled, or stopped making sense."""
        self._abandon(Ambiguous(why) if self._dot_sent else Deferred(why, error="WM-DELIVERY-CONNECTION"))

    def _expect_verdict(self) -> None:
        # Before the last chunk is written: the answer may come at once, and a part of the chunk is as good as the whole.
        self._dot_sent = True
        self.step = Step.COMMANDS
        self._awaited.append(self._judge_dot)

    def _prepare_content(self) -> Failed | None:
        # A small message is encoded before MAIL, so that one that must not be sent never starts.
        if self.is_spooled:
            return None
        try:
            message = b"".join((self._consignment.head, b"\r\n", *self._consignment.body.chunks()))
            text = self._encoder.encode(message)
            self._ready_content = text + self._encoder.finish()
        except BareNewline:
            return _BARE_NEWLINE
        return None

    def _send_more(self) -> bytes:
        count = len(self._unsent) if self._features.pipelining else 1
        sending = [self._unsent.popleft() for _ in range(min(count, len(self._unsent)))]
        self._awaited.extend(judge for judge, _ in sending)
        return b"".join(command for _, command in sending)

    def _judge_mail(self, reply: ReplyLines) -> bytes:
        if reply.is_positive:
            self._mail_accepted = True
            return b""
        self._settle_rest(meaning_of_refusal(reply))
        return self._stop_asking()

    def _rcpt_judge(self, recipient: ConsignedRecipient) -> _Judge:
        def judge(reply: ReplyLines) -> bytes:
            if reply.is_positive:
                self._accepted.append(recipient)
            else:
                self.outcomes.setdefault(recipient.id, meaning_of_refusal(reply, to_recipient=True))
            if len(self.outcomes) == len(self._recipients):
                return self._stop_asking()
            return b""

        return judge

    def _judge_data(self, reply: ReplyLines) -> bytes:
        anyone_left = len(self.outcomes) < len(self._recipients)
        if reply.code != 354:
            self._settle_rest(meaning_of_refusal(reply))
            self.step = Step.OVER
        elif anyone_left:
            self.step = Step.CONTENT
        elif self._accepted:
            # MAIL was refused but a RCPT was not: an end of data might deliver an empty message to somebody.
            self.step = Step.ABANDONED
        else:
            # RFC 2920 section 3.1: pipelined DATA was answered 354 although no recipient was accepted.
            self._dot_sent = True
            self._awaited.append(self._judge_empty_dot)
            return b".\r\n"
        return b""

    def _judge_dot(self, reply: ReplyLines) -> bytes:
        if reply.is_positive:
            words = reply.for_people()
            taken = Delivered(words) if self._to_mailbox else HandedOn(words, dsn=self._features.dsn)
            self._settle_rest(taken)
        else:
            self._settle_rest(meaning_of_refusal(reply))
        self.step = Step.OVER
        return b""

    def _judge_empty_dot(self, _reply: ReplyLines) -> bytes:
        self.step = Step.OVER
        return b""

    def _stop_asking(self) -> bytes:
        # Replies to what is already under way still have to be read; nothing more is sent.
        self._unsent.clear()
        if not self._awaited:
            self.step = Step.OVER
        return b""

    def _settle_rest(self, outcome: AttemptOutcome) -> None:
        for recipient in self._recipients:
            self.outcomes.setdefault(recipient.id, outcome)

    def _abandon(self, outcome: AttemptOutcome) -> None:
        self._settle_rest(outcome)
        self.step = Step.ABANDONED


_BARE_NEWLINE = Failed(
    "The message holds a line end that is not CRLF, which must not be sent on. Have the application send strict CRLF.",
    status="5.6.0",
    error="WM-MESSAGE-BARE-NEWLINE",
)

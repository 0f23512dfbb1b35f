"""The server's side of an SMTP dialogue, without sockets: bytes go in, events come out, verdicts become replies.

How it works. Feed bytes; ask `next_event` until it says NEED_DATA. After an event that owes a verdict it says PAUSED
until `accept`, `refuse` or `challenge` is called. Replies pile up in order until `take_output`. Syntax, order and size
are judged and answered here; who may do what is the caller's judgement. Nothing is read past a point where the client
had to wait.
"""

from __future__ import annotations

from wardmail.model.refusal import Refusal
from wardmail.protocol import smtp_commands as commands
from wardmail.protocol.reply import Reply, from_refusal
from wardmail.protocol.smtp_data import BARE_LINE_END, ChunkIntake, DotIntake
from wardmail.protocol.smtp_events import (
    AuthResponse,
    AuthStart,
    BodyBegins,
    BodyChunk,
    BodyEnds,
    BodyRefused,
    Event,
    Hello,
    MailFrom,
    ProtocolFault,
    RcptTo,
    Signal,
    StartTls,
)
from wardmail.protocol.smtp_phases import IN_TRANSACTION, Phase
from wardmail.protocol.smtp_verbs import Answered, Owed, ServerTerms, Standing, judge_command, owe_login

_MUST_BE_LAST = frozenset({"EHLO", "HELO", "AUTH", "DATA"})  # RFC 2920 section 3.1; STARTTLS drops what follows
_FREE_OF_CHARGE = frozenset({"MAIL", "RCPT", "DATA", "BDAT", "QUIT"})
_TINY_CHUNK = 1024
_SPENT = Reply(503, "5.5.1", "An earlier part of this message was refused: say RSET")
_NO_RECIPIENT = Reply(503, "5.5.1", "Give a recipient first")
_NOT_TEXT = ProtocolFault(Reply(500, "5.5.2", "A command is printable ASCII or UTF-8"))
_OUT_OF_STEP = ProtocolFault(Reply(500, "5.5.2", "A command is a line of text that ends in CRLF"), closes=True)
_ENDLESS = ProtocolFault(Reply(500, "5.5.2", "Line too long"), closes=True)
_TOO_IDLE = Reply(421, "4.7.0", "Too many commands without a message")
_TOO_FAULTY = Reply(421, "4.7.0", "Too many errors")


class SmtpServer:
    """One dialogue. Create it with `tls=True` where TLS came first (port 465)."""

    def __init__(self, terms: ServerTerms, *, tls: bool = False) -> None:
        self._terms = terms
        self._standing = Standing(is_tls=tls)
        self._buffer = b""
        self._position = 0
        self._output: list[bytes] = []
        self._owed: Owed | None = None
        self._intake: DotIntake | ChunkIntake = DotIntake(0)
        self._swallowing: Reply | None = None
        self._after_chunk = Phase.READY
        self._faults = self._idle_commands = self._failed_logins = 0

    @property
    def is_tls(self) -> bool:
        return self._standing.is_tls

    @property
    def is_closed(self) -> bool:
        """Nothing more will be read: write what `take_output` gives, then close the connection."""
        return self._standing.phase is Phase.CLOSED

    @property
    def is_in_transaction(self) -> bool:
        return self._standing.phase in IN_TRANSACTION

    @property
    def awaits_verdict(self) -> bool:
        return self._owed is not None

    @property
    def backlog(self) -> int:
        """Octets fed and not yet read."""
        return len(self._buffer) - self._position

    @property
    def is_receiving_body(self) -> bool:
        return self._standing.phase is Phase.DATA or self._standing.phase is Phase.CHUNK

    def greet(self) -> None:
        """Say 220. Who has spoken before it does not listen: it is told so, and dropped."""
        if self._buffer:
            self.say_goodbye(Reply(554, "5.5.1", "A client waits for the greeting"))
            return
        self._output.append(Reply(220, "", f"{self._terms.host_name} ESMTP Wardmail").encode())
        self._standing.phase = Phase.GREETED

    def feed(self, octets: bytes) -> None:
        if self._standing.phase is Phase.CLOSED or self._standing.phase is Phase.HANDSHAKE:
            return
        if self._position:
            self._cut_buffer()
        self._buffer = self._buffer + octets if self._buffer else octets

    def take_output(self) -> bytes:
        """Everything to be written now, in one piece."""
        output = b"".join(self._output)
        self._output.clear()
        return output

    def next_event(self) -> Event | Signal:
        while True:
            if self._owed is not None:
                return Signal.PAUSED
            event = self._step()
            if event is not None:
                return event

    def accept(self, text: str = "") -> None:
        """The verdict on the last event is yes; `text` replaces the words of the reply to a whole message."""
        owed = self._settle()
        standing = self._standing
        standing.phase = owed.phase
        self._output.append(owed.reply if not text else Reply(250, "2.0.0", text).encode())
        match owed.event:
            case RcptTo():
                standing.recipients += 1
            case MailFrom() as mail:
                standing.smtputf8 = mail.smtputf8
                standing.recipients = 0
                standing.has_offered_recipients = False
            case BodyBegins(chunked=False):
                self._cut_buffer()
                self._intake = DotIntake(self._terms.max_message_size)
                self._buffer = DotIntake.start_with
            case BodyEnds():
                self._idle_commands = self._faults = 0
            case AuthStart() | AuthResponse():
                standing.has_authenticated = True
            case Hello() as hello:
                standing.is_extended = hello.extended
            case StartTls():
                self._drop_buffer()  # RFC 3207 section 6: what came in the clear is never read as if it came by TLS

    def refuse(self, refusal: Refusal) -> None:
        """The verdict on the last event is no. A refusal with code 421 ends the dialogue."""
        owed = self._settle()
        reply = from_refusal(refusal)
        if refusal.code == 421:
            self.say_goodbye(reply)
        elif isinstance(owed.event, AuthStart | AuthResponse):
            self._refuse_login(reply)
        elif owed.phase is Phase.CHUNK:
            self._swallow(reply, Phase.READY if self._intake.is_last else Phase.SPENT_CHUNKS)
            self._standing.phase = Phase.CHUNK
        else:
            self._output.append(reply.encode())
            if isinstance(owed.event, BodyEnds):
                self._standing.phase = Phase.READY

    def challenge(self, challenge: bytes) -> None:
        """Go on with the authentication exchange."""
        self._settle()
        self._output.append(b"334 " + commands.encode_base64(challenge) + b"\r\n")
        self._standing.phase = Phase.AUTHENTICATING

    def tls_established(self) -> None:
        """Back to the state before EHLO (RFC 3207 section 4.2); only what counts against the client is kept."""
        self._standing = Standing(is_tls=True, phase=Phase.GREETED)

    def say_goodbye(self, reply: Reply) -> None:
        """End the dialogue from our side. A verdict that is owed stays unsaid."""
        self._owed = None
        self._output.append(reply.encode())
        self._standing.phase = Phase.CLOSED
        self._drop_buffer()

    def _settle(self) -> Owed:
        owed, self._owed = self._owed, None
        if owed is None:
            raise RuntimeError("no verdict is owed")
        return owed

    def _cut_buffer(self) -> None:
        self._buffer = self._buffer[self._position :]
        self._position = 0

    def _drop_buffer(self) -> None:
        self._buffer = b""
        self._position = 0

    def _step(self) -> Event | Signal | None:
        match self._standing.phase:
            case Phase.DATA | Phase.CHUNK:
                return self._read_body()
            case Phase.BODY_READ:
                return self._end_body()
            case Phase.CLOSED:
                return Signal.CLOSED
            case Phase.SILENT | Phase.HANDSHAKE:
                return Signal.NEED_DATA
        return self._read_line()

    def _read_body(self) -> Event | Signal | None:
        if self._position:
            self._cut_buffer()
        chunk, self._buffer, has_ended = self._intake.read(self._buffer)
        if has_ended:
            self._standing.phase = Phase.BODY_READ
        elif self._intake.check.is_beyond_patience:
            return self._refuse_body(self._intake.check.fault or _TOO_FAULTY, closes=True)
        if chunk and self._swallowing is None:
            return BodyChunk(chunk)
        return None if has_ended else Signal.NEED_DATA

    def _end_body(self) -> Event | None:
        intake = self._intake
        if self._swallowing is not None:
            self._output.append(self._swallowing.encode())
            self._swallowing = None
            self._standing.phase = self._after_chunk
            return None
        if intake.check.fault is not None:
            return self._refuse_body(intake.check.fault, closes=intake.check.fault is BARE_LINE_END)
        if intake.is_last:
            event = BodyEnds(intake.check.size, intake.check.eight_bit)
            self._owed = Owed(event, b"250 2.0.0 stored\r\n", Phase.READY)
            return event
        self._output.append(b"250 2.0.0 Chunk received\r\n")
        self._standing.phase = Phase.CHUNKS
        return None

    def _refuse_body(self, reply: Reply, *, closes: bool) -> BodyRefused:
        if closes:
            self.say_goodbye(reply)
        else:
            self._output.append(reply.encode())
            self._standing.phase = Phase.READY if self._intake.is_last else Phase.SPENT_CHUNKS
        return BodyRefused(reply)

    def _begin_chunk(self, chunk: commands.ChunkSize) -> Event | None:
        standing = self._standing
        starts = standing.phase is Phase.RECIPIENTS
        if starts or standing.phase is not Phase.CHUNKS or not isinstance(self._intake, ChunkIntake):
            self._intake = ChunkIntake(self._terms.max_message_size)
        self._intake.begin_chunk(chunk.size, is_last=chunk.is_last)
        if starts:
            self._owed = Owed(BodyBegins(chunked=True), b"", Phase.CHUNK)
            return self._owed.event
        if standing.phase is Phase.SPENT_CHUNKS:
            self._swallow(_SPENT, Phase.READY if chunk.is_last else Phase.SPENT_CHUNKS)
        elif standing.phase is not Phase.CHUNKS:
            self._faults += 1
            self._swallow(_NO_RECIPIENT, standing.phase)
        standing.phase = Phase.CHUNK
        return None

    def _swallow(self, reply: Reply, after: Phase) -> None:
        """The octets of a refused chunk come all the same: they are thrown away, then answered (RFC 3030 section 4)."""
        self._swallowing = reply
        self._after_chunk = after

    def _refuse_login(self, reply: Reply) -> None:
        self._standing.phase = Phase.READY
        self._failed_logins += 1
        if self._failed_logins >= self._terms.max_failed_logins:
            self._output.append(reply.encode())
            reply = Reply(421, "4.7.0", "Too many failed log-ins")
            self.say_goodbye(reply)
        else:
            self._output.append(reply.encode())

    def _read_line(self) -> Event | Signal | None:
        end = self._buffer.find(b"\r\n", self._position)
        if end < 0:
            return self._judge_unfinished_line()
        raw = self._buffer[self._position : end]
        self._position = end + 2
        if len(raw) + 2 > commands.AUTH_LINE_LIMIT:
            return self._fault(_ENDLESS)
        try:
            line = raw.decode()
        except UnicodeDecodeError:
            return self._fault(_out_of_step(raw) or _NOT_TEXT)
        if not line.isprintable():
            return self._fault(_out_of_step(raw) or _NOT_TEXT)
        if self._standing.phase is Phase.AUTHENTICATING:
            return self._auth_response(line)
        return self._command(line, len(raw) + 2)

    def _judge_unfinished_line(self) -> Event | Signal:
        self._cut_buffer()
        if len(self._buffer) > commands.AUTH_LINE_LIMIT:
            return self._fault(_ENDLESS)
        fault = _out_of_step(self._buffer.removesuffix(b"\r"))
        return Signal.NEED_DATA if fault is None else self._fault(fault)

    def _command(self, line: str, length: int) -> Event | None:
        verb, _, arguments = line.rstrip(" ").partition(" ")
        verb = verb.upper()
        if length > commands.line_limit(verb):
            return self._fault(ProtocolFault(Reply(500, "5.5.2", "Line too long")))
        if verb not in _FREE_OF_CHARGE and self._is_idling():
            return ProtocolFault(_TOO_IDLE, closes=True)
        judgement = judge_command(verb, arguments, self._standing, self._terms)
        if verb in _MUST_BE_LAST and self._position < len(self._buffer):
            return self._fault(ProtocolFault(Reply(503, "5.5.1", f"Wait for the reply to {verb}"), closes=True))
        match judgement:
            case Owed():
                self._owed = judgement
                return judgement.event
            case Answered():
                self._output.append(judgement.reply.encode())
                return judgement.event
            case commands.ChunkSize():
                if judgement.size < _TINY_CHUNK and not judgement.is_last and self._is_idling():
                    return ProtocolFault(_TOO_IDLE, closes=True)
                return self._begin_chunk(judgement)
        return self._fault(judgement)

    def _is_idling(self) -> bool:
        """Count what brings no message nearer; too much of it ends the dialogue."""
        self._idle_commands += 1
        if self._idle_commands > self._terms.max_idle_commands:
            self.say_goodbye(_TOO_IDLE)
            return True
        return False

    def _auth_response(self, line: str) -> Event:
        response = Reply(501, "5.7.0", "Authentication cancelled") if line == "*" else commands.parse_base64(line)
        if self._position < len(self._buffer):
            return self._fault(ProtocolFault(Reply(503, "5.5.1", "Wait for the reply to AUTH"), closes=True))
        if isinstance(response, Reply):
            self._standing.phase = Phase.READY
            return self._fault(ProtocolFault(response))
        self._owed = owe_login(AuthResponse(response))
        return self._owed.event

    def _fault(self, fault: ProtocolFault) -> ProtocolFault:
        self._faults += 1
        if not fault.closes and self._faults > self._terms.max_faults:
            fault = ProtocolFault(_TOO_FAULTY, closes=True)
        if fault.closes:
            self.say_goodbye(fault.reply)
        else:
            self._output.append(fault.reply.encode())
        return fault


def _out_of_step(line: bytes) -> ProtocolFault | None:
    """Octets after which nobody knows where the next command begins: stray line ends, NUL, a TLS handshake."""
    if b"\r" in line or b"\n" in line or b"\0" in line or line[:2] == b"\x16\x03":
        return _OUT_OF_STEP
    return None

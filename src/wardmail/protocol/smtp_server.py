"""The server's side of an SMTP dialogue, without sockets: bytes go in, events come out, verdicts become replies.

How it works. Feed bytes; ask `next_event` until it says NEED_DATA. After an event that owes a verdict it says PAUSED
until `accept`, `refuse` or `challenge` is called. Replies pile up in order until `take_output`. Syntax, order and size
are judged and answered here; who may do what is the caller's judgement. Nothing is read past a point where the client
had to wait.
"""

from __future__ import annotations

from wardmail.model.refusal import Refusal
from wardmail.protocol import smtp_commands as commands
from wardmail.protocol import smtp_events as events
from wardmail.protocol.reply import Reply, from_refusal
from wardmail.protocol.smtp_data import ChunkIntake, DotIntake, Flaw, UnwantedChunk
from wardmail.protocol.smtp_events import Event, ProtocolFault, Signal
from wardmail.protocol.smtp_input import InputBuffer
from wardmail.protocol.smtp_phases import IN_TRANSACTION, TRANSITIONS, Phase
from wardmail.protocol.smtp_verbs import (
    Answered,
    Judgement,
    Owed,
    ServerTerms,
    Standing,
    find_verb,
    out_of_order,
    owe_login,
)

_READS_LINES = frozenset(TRANSITIONS) | {Phase.AUTHENTICATING}
_TINY_CHUNK = 1024
_SPENT = Reply(503, "5.5.1", "An earlier part of this message was refused: say RSET")
_NO_RECIPIENT = Reply(503, "5.5.1", "Give a recipient first")
_TOO_EARLY = ProtocolFault(Reply(503, "5.5.1", "Wait for the reply before you send more"), closes=True)
_TOO_LONG = ProtocolFault(Reply(500, "5.5.2", "Line too long"))
_TOO_IDLE = ProtocolFault(Reply(421, "4.7.0", "Too many commands without a message"), closes=True)
_TOO_MANY_LOGINS = Reply(421, "4.7.0", "Too many failed log-ins")
_FAR_TOO_LARGE = Reply(552, "5.3.4", "The message is far larger than this server takes")
_TOO_FAULTY = ProtocolFault(Reply(421, "4.7.0", "Too many errors"), closes=True)


class SmtpServer:
    """One dialogue. Create it with `tls=True` where TLS came first (port 465)."""

    def __init__(self, terms: ServerTerms, *, tls: bool = False) -> None:
        self._terms = terms
        self._standing = Standing(is_tls=tls)
        self._input = InputBuffer()
        self._output: list[bytes] = []
        self._owed: Owed | None = None
        self._intake: DotIntake | ChunkIntake = DotIntake(0)
        self._faults = self._idle_commands = self._failed_logins = 0

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
        return len(self._input)

    @property
    def is_receiving_body(self) -> bool:
        return self._standing.phase is Phase.DATA or self._standing.phase is Phase.CHUNK

    def greet(self) -> None:
        """Say 220. Who has spoken before it does not listen: it is told so, and dropped."""
        if self._input:
            self.say_goodbye(Reply(554, "5.5.1", "A client waits for the greeting"))
            return
        self._output.append(Reply(220, "", f"{self._terms.host_name} ESMTP Wardmail").encode())
        self._standing.phase = Phase.GREETED

    def feed(self, octets: bytes) -> None:
        if self._standing.phase is not Phase.CLOSED and self._standing.phase is not Phase.HANDSHAKE:
            self._input.feed(octets)

    def take_output(self) -> bytes:
        """Everything to be written now, in one piece."""
        output, self._output = self._output, []
        return b"".join(output)

    def next_event(self) -> Event | Signal:
        while self._owed is None:
            event = self._step()
            if event is not None:
                return event
        return Signal.PAUSED

    def accept(self, text: str = "") -> None:
        """The verdict on the last event is yes; `text` replaces the words of the reply to a whole message."""
        owed = self._settle()
        standing = self._standing
        standing.phase = owed.phase
        self._output.append(owed.reply if not text else Reply(250, "2.0.0", text).encode())
        match owed.event:
            case events.RcptTo():
                standing.recipients += 1
            case events.MailFrom() as mail:
                standing.smtputf8 = mail.smtputf8
                standing.recipients, standing.has_offered_recipients = 0, False
            case events.BodyBegins(chunked=False):
                self._intake = DotIntake(self._terms.max_message_size)
                self._input.begin_body(self._intake)
            case events.BodyEnds():
                self._idle_commands = self._faults = 0
            case events.AuthStart() | events.AuthResponse():
                standing.has_authenticated = True
            case events.Hello() as hello:
                standing.is_extended = hello.extended
            case events.StartTls():
                self._input.drop()  # RFC 3207 section 6: what came in the clear is never read as if it came by TLS

    def refuse(self, refusal: Refusal) -> None:
        """The verdict on the last event is no. A refusal with code 421 ends the dialogue."""
        owed = self._settle()
        reply = from_refusal(refusal)
        if refusal.code == 421:
            self.say_goodbye(reply)
        elif isinstance(owed.event, events.AuthStart | events.AuthResponse):
            self._refuse_login(reply)
        elif isinstance(self._intake, ChunkIntake) and owed.phase is Phase.CHUNK:
            self._swallow(self._intake.remaining, reply, Phase.READY if self._intake.is_last else Phase.SPENT_CHUNKS)
        else:
            self._output.append(reply.encode())
            if isinstance(owed.event, events.BodyEnds):
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
        self._input.drop()

    def _settle(self) -> Owed:
        owed, self._owed = self._owed, None
        assert owed is not None, "no verdict is owed"
        return owed

    def _step(self) -> Event | Signal | None:
        phase = self._standing.phase
        if phase in _READS_LINES:
            return self._read_line()
        if phase is Phase.DATA or phase is Phase.CHUNK:
            return self._read_body()
        if phase is Phase.BODY_READ:
            return self._end_body()
        return Signal.CLOSED if phase is Phase.CLOSED else Signal.NEED_DATA

    def _read_body(self) -> Event | Signal | None:
        chunk, has_ended = self._input.read_body(self._intake)
        if self._intake.check.has_exhausted_patience:
            return self._refuse_body(_FAR_TOO_LARGE, closes=True)
        if has_ended:
            self._standing.phase = Phase.BODY_READ
        if chunk:
            return events.BodyChunk(chunk)
        return None if has_ended else Signal.NEED_DATA

    def _end_body(self) -> Event | None:
        intake = self._intake
        if isinstance(intake, UnwantedChunk):
            self._output.append(intake.reply.encode())
            self._standing.phase = intake.next_phase
            return None
        if intake.check.fault is not None:
            return self._refuse_body(intake.check.fault, closes=intake.check.flaw is Flaw.BARE_LINE_END)
        if intake.is_last:
            ends = events.BodyEnds(intake.check.size, intake.check.eight_bit)
            self._owed = Owed(ends, b"250 2.0.0 stored\r\n", Phase.READY)
            return ends
        self._output.append(b"250 2.0.0 Chunk received\r\n")
        self._standing.phase = Phase.CHUNKS
        return None

    def _refuse_body(self, reply: Reply, *, closes: bool) -> events.BodyRefused:
        if closes:
            self.say_goodbye(reply)
        else:
            self._output.append(reply.encode())
            self._standing.phase = Phase.READY if self._intake.is_last else Phase.SPENT_CHUNKS
        return events.BodyRefused(reply)

    def _begin_chunk(self, chunk: commands.ChunkSize) -> Event | None:
        phase = self._standing.phase
        if phase is Phase.RECIPIENTS:
            self._intake = intake = ChunkIntake(self._terms.max_message_size)
            intake.begin_chunk(chunk.size, is_last=chunk.is_last)
            self._owed = Owed(events.BodyBegins(chunked=True), b"", Phase.CHUNK)
            return self._owed.event
        if phase is Phase.CHUNKS and isinstance(self._intake, ChunkIntake):
            self._intake.begin_chunk(chunk.size, is_last=chunk.is_last)
            self._standing.phase = Phase.CHUNK
            return None
        if phase is Phase.SPENT_CHUNKS:
            self._swallow(chunk.size, _SPENT, Phase.READY if chunk.is_last else Phase.SPENT_CHUNKS)
            return None
        if self._faults >= self._terms.max_faults:
            return self._fault(_TOO_FAULTY)
        self._faults += 1
        self._swallow(chunk.size, _NO_RECIPIENT, phase)
        return None

    def _swallow(self, size: int, reply: Reply, next_phase: Phase) -> None:
        self._intake = UnwantedChunk(size, self._terms.max_message_size, reply, next_phase)
        self._standing.phase = Phase.CHUNK

    def _refuse_login(self, reply: Reply) -> None:
        self._standing.phase = Phase.READY
        self._output.append(reply.encode())
        self._failed_logins += 1
        if self._failed_logins >= self._terms.max_failed_logins:
            self.say_goodbye(_TOO_MANY_LOGINS)

    def _read_line(self) -> Event | Signal | None:
        line = self._input.next_line()
        if line is None:
            return Signal.NEED_DATA
        if isinstance(line, ProtocolFault):
            return self._fault(line)
        if self._standing.phase is Phase.AUTHENTICATING:
            return self._auth_response(line)
        return self._command(line)

    def _command(self, line: str) -> Event | None:
        name, _, arguments = line.rstrip(" ").partition(" ")
        name = name.upper()
        verb = find_verb(name)
        if self._input.line_length > verb.limit:
            return self._fault(_TOO_LONG)
        if verb.is_idle and self._is_idling():
            return _TOO_IDLE
        if verb.must_be_last and self._input:
            return self._fault(_TOO_EARLY)
        if verb.out_of_order and name not in TRANSITIONS[self._standing.phase]:
            return self._act_on(out_of_order(verb, self._standing))
        return self._act_on(verb.judge(arguments, self._standing, self._terms))

    def _act_on(self, judgement: Judgement) -> Event | None:
        match judgement:
            case Owed():
                self._owed = judgement
                return judgement.event
            case Answered():
                self._output.append(judgement.reply.encode())
                return judgement.event
            case commands.ChunkSize():
                if judgement.size < _TINY_CHUNK and not judgement.is_last and self._is_idling():
                    return _TOO_IDLE
                return self._begin_chunk(judgement)
        return self._fault(judgement)

    def _is_idling(self) -> bool:
        """Count what brings no message nearer; too much of it ends the dialogue."""
        self._idle_commands += 1
        is_too_much = self._idle_commands > self._terms.max_idle_commands
        if is_too_much:
            self.say_goodbye(_TOO_IDLE.reply)
        return is_too_much

    def _auth_response(self, line: str) -> Event:
        if self._input:
            return self._fault(_TOO_EARLY)
        response = Reply(501, "5.7.0", "Authentication cancelled") if line == "*" else commands.parse_base64(line)
        if isinstance(response, Reply):
            self._standing.phase = Phase.READY
            return self._fault(ProtocolFault(response))
        self._owed = owe_login(events.AuthResponse(response))
        return self._owed.event

    def _fault(self, fault: ProtocolFault) -> ProtocolFault:
        self._faults += 1
        if not fault.closes and self._faults > self._terms.max_faults:
            fault = _TOO_FAULTY
        if fault.closes:
            self.say_goodbye(fault.reply)
        else:
            self._output.append(fault.reply.encode())
        return fault

"""What the sessions of one listener share."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol

from wardmail.edges.smtp_body import MessageCollector
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.edges.smtp_settings import ListenerSettings
from wardmail.model.message import TlsSession
from wardmail.ports import Spool
from wardmail.protocol import smtp_events as events
from wardmail.protocol.smtp_server import SmtpServer
from wardmail.protocol.smtp_verbs import ServerTerms

_RECEIVE_BUFFER = 256 * 1024


class Session(Protocol):
    """What a listener may ask of a session."""

    deadline: float

    def expire(self) -> None: ...

    def drain(self) -> None: ...

    def abort(self) -> None: ...


class Dialogue(Protocol):
    """What one client's events mean: each that owes a verdict gets one, sooner or later."""

    tls: TlsSession | None

    @property
    def may_stay(self) -> bool:
        """Whether nothing has to be proved soon for the session to go on."""
        ...

    def follow(self, event: events.Event) -> MessageCollector | None:
        """Act on an event, BodyEnds apart. What comes back is a message that is off: discard it."""
        ...

    def forget(self) -> None: ...

    def end_transaction(self) -> MessageCollector | None: ...

    async def hand_in(self, ends: events.BodyEnds) -> None: ...


class DialogueHost(Protocol):
    """Whom the clients of a listener speak to."""

    @property
    def ledger(self) -> PeerLedger: ...

    def terms_for(self, peer: str) -> ServerTerms: ...

    def begin(self, core: SmtpServer, peer: str, new_collector: Callable[[str], MessageCollector]) -> Dialogue: ...


@dataclass(slots=True)
class SessionRoom:
    """The loop fills `buffer` for one session at a time, so one is enough; `on_empty` is called when the last has gone."""

    settings: ListenerSettings
    host: DialogueHost
    spool: Spool
    tls: ssl.SSLContext
    executor: Executor
    on_empty: Callable[[], None]
    sessions: set[Session] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(_RECEIVE_BUFFER)))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

"""What the sessions of one listener share."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol

from wardmail.edges.smtp_dialogue import DialogueTools
from wardmail.edges.smtp_settings import ListenerSettings
from wardmail.ports import Spool

_RECEIVE_BUFFER = 256 * 1024


class Session(Protocol):
    """What a listener may ask of a session."""

    deadline: float

    def expire(self) -> None: ...

    def drain(self) -> None: ...

    def abort(self) -> None: ...


@dataclass(slots=True)
class SessionRoom:
    """The loop fills `buffer` for one session at a time, so one is enough; `on_empty` is called when the last has gone."""

    settings: ListenerSettings
    tools: DialogueTools
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

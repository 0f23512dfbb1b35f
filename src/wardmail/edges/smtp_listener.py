"""Listens for applications that hand in mail (ports 465 and 587), and for mail servers that bring some (port 25)."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from wardmail.edges.smtp_body import MessageCollector
from wardmail.edges.smtp_dialogue import DialogueTools, SmtpDialogue
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.edges.smtp_reception import ReceptionHost
from wardmail.edges.smtp_room import Dialogue, DialogueHost, SessionRoom
from wardmail.edges.smtp_session import SmtpSession
from wardmail.edges.smtp_settings import Endpoint, ListenerSettings
from wardmail.edges.tls import CertificateFiles
from wardmail.model.refusal import Unavailable
from wardmail.ports import ReceptionDesk, Spool, SubmissionDesk
from wardmail.protocol.smtp_server import SmtpServer
from wardmail.protocol.smtp_verbs import ServerTerms

_log = logging.getLogger(__name__)

_TICK = 1.0
_TICKS_BETWEEN_CERTIFICATE_CHECKS = 30
_SPOOL_THREADS = 4


class SmtpListener:
    """The endpoints of one worker process. Made by `start_listeners` and `start_receiver`."""

    def __init__(
        self, settings: ListenerSettings, host: DialogueHost, spool: Spool, certificates: CertificateFiles
    ) -> None:
        self._settings = settings
        self._certificates = certificates
        self._servers: list[asyncio.Server] = []
        self._is_empty = asyncio.Event()
        self._ticks = 0
        self._executor = ThreadPoolExecutor(_SPOOL_THREADS, "spool")
        self._room = SessionRoom(settings, host, spool, certificates.context, self._executor, self._is_empty.set)

    @property
    def ports(self) -> tuple[int, ...]:
        """As bound, in the order of the endpoints."""
        return tuple(server.sockets[0].getsockname()[1] for server in self._servers)

    @property
    def open_sessions(self) -> int:
        return len(self._room.sessions)

    @property
    def is_listening(self) -> bool:
        return bool(self._servers) and all(server.is_serving() for server in self._servers)

    def reload_certificates(self) -> bool:
        """For SIGHUP. True when a new certificate is in use; changed files are also noticed without it."""
        return self._certificates.reload()

    async def drain(self, patience: float) -> bool:
        """Accept nobody new, tell the idle to go, let messages in flight finish.

        After `patience` seconds what is left is cut off; True when nothing was.
        """
        for server in self._servers:
            server.close()
        for session in tuple(self._room.sessions):
            session.drain()
        is_clean = await self._wait_until_empty(patience)
        for session in tuple(self._room.sessions):
            session.abort()
        if self._room.tasks:
            await asyncio.wait(tuple(self._room.tasks), timeout=patience)
        self._tick_handle.cancel()
        self._executor.shutdown(wait=False)
        return is_clean

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for endpoint in self._settings.endpoints:
            self._servers.append(await self._open(loop, endpoint))
        self._tick_handle = loop.call_later(_TICK, self._tick)

    async def _open(self, loop: asyncio.AbstractEventLoop, endpoint: Endpoint) -> asyncio.Server:
        try:
            return await loop.create_server(
                lambda: SmtpSession(self._room, endpoint.tls),
                endpoint.host,
                endpoint.port,
                reuse_port=True,
                backlog=1024,
            )
        except OSError as failure:
            raise Unavailable(f"{endpoint.host} port {endpoint.port}", failure) from failure

    async def _wait_until_empty(self, patience: float) -> bool:
        self._is_empty.clear()
        if self._room.sessions:
            try:
                await asyncio.wait_for(self._is_empty.wait(), patience)
            except TimeoutError:
                _log.warning("%d sessions were cut off", len(self._room.sessions))
                return False
        return True

    def _tick(self) -> None:
        """One timer for all sessions: a deadline is kept to the second, and costs nothing to move."""
        now = time.monotonic()
        for session in tuple(self._room.sessions):
            if now > session.deadline:
                session.expire()
        self._ticks += 1
        if self._ticks % _TICKS_BETWEEN_CERTIFICATE_CHECKS == 0:
            self._certificates.reload_if_changed()
        self._tick_handle = asyncio.get_running_loop().call_later(_TICK, self._tick)


class SubmissionHost:
    """Implements `DialogueHost` for applications that hand in mail."""

    def __init__(self, settings: ListenerSettings, desk: SubmissionDesk) -> None:
        self.ledger = PeerLedger(settings.limits)
        self._terms = settings.terms
        self._tools = DialogueTools(desk, self.ledger, secrets.token_bytes(32))

    def terms_for(self, peer: str) -> ServerTerms:
        return self._terms

    def begin(self, core: SmtpServer, peer: str, new_collector: Callable[[str], MessageCollector]) -> Dialogue:
        return SmtpDialogue(core, self._tools, peer, new_collector)


async def start_listeners(
    settings: ListenerSettings, desk: SubmissionDesk, spool: Spool, certificates: CertificateFiles
) -> SmtpListener:
    """Listen for applications; see `start`."""
    return await start(SmtpListener(settings, SubmissionHost(settings, desk), spool, certificates))


async def start_receiver(
    settings: ListenerSettings, desk: ReceptionDesk, spool: Spool, certificates: CertificateFiles
) -> SmtpListener:
    """Listen for other mail servers; see `start`."""
    return await start(SmtpListener(settings, ReceptionHost(settings, desk), spool, certificates))


async def start(listener: SmtpListener) -> SmtpListener:
    """Listen on every endpoint, sharing the ports with other workers (SO_REUSEPORT).

    Raises Unavailable when a port cannot be had; then none is listened on.
    """
    try:
        await listener._listen()
    except Unavailable:
        for server in listener._servers:
            server.close()
        raise
    return listener

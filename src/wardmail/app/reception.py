"""The part of a worker process that receives: listens on port 25, takes arrivals along, and collects from mailboxes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from wardmail.app.failures import CommandFailed
from wardmail.app.host_and_port import address
from wardmail.app.inbound_wiring import Receiving, make_receiving, receiver_settings
from wardmail.app.installation import Installation
from wardmail.edges.mailboxes.notice_server import NoticeServer
from wardmail.edges.mailboxes.opening import MailboxDoor
from wardmail.edges.smtp_listener import SmtpListener, start_receiver
from wardmail.edges.spool import SealedSpool
from wardmail.edges.tls import CertificateFiles
from wardmail.inbound.collecting import Collecting
from wardmail.inbound.reception import ReceivingDesk
from wardmail.model.source import Source
from wardmail.outbound.world import World
from wardmail.ports import Mailbox
from wardmail.store.queue import StoreQueue

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenReception:
    """`tasks` run for as long as the process does."""

    receiving: Receiving
    listener: SmtpListener | None
    notices: NoticeServer | None
    tasks: tuple[Coroutine[Any, Any, None], ...]

    def reload_certificates(self) -> None:
        if self.listener is not None:
            self.listener.reload_certificates()

    async def drain(self, patience: float) -> None:
        if self.notices is not None:
            await self.notices.close()
        if self.listener is not None:
            await self.listener.drain(patience)
        await self.receiving.workers.drain(patience)


async def open_reception(
    installation: Installation, slot: int, certificates: CertificateFiles, world: World, spool: SealedSpool
) -> OpenReception:
    assert isinstance(world.queue, StoreQueue)
    receiving = make_receiving(installation, world.register, world.queue, world.owner)
    taken_back = await asyncio.to_thread(receiving.world.arrivals.take_back_leases)
    if taken_back:
        log.info("event=arrivals_taken_back slot=%d arrivals=%d", slot, taken_back)
    settings = receiver_settings(installation.settings)
    listener = None
    if settings.endpoints:
        desk = ReceivingDesk(receiving.world, receiving.workers)
        listener = await start_receiver(settings, desk, spool, certificates)
    tasks: list[Coroutine[Any, Any, None]] = [receiving.workers.run()]
    notices = None
    if slot == 0:
        notices = await _notices(installation, certificates)
        collecting = _collecting(installation, receiving, notices)
        tasks += [collecting.run(), receiving.quarantine.run()]
    return OpenReception(receiving, listener, notices, tuple(tasks))


def _collecting(installation: Installation, receiving: Receiving, notices: NoticeServer | None) -> Collecting:
    door = MailboxDoor(installation.secrets, installation.clock, notices)
    every = installation.settings["receive.collect_seconds"]
    return Collecting(
        receiving.world, receiving.seen, receiving.workers, lambda source: open_box(door, source), every=every
    )


def open_box(door: MailboxDoor, source: Source) -> Mailbox:
    assert source.mailbox is not None
    try:
        return door.open(source.mailbox)
    except ImportError as error:
        raise CommandFailed(
            "WM-SOURCE-EXTRA",
            f"This installation cannot open mailboxes of the kind {source.kind.value}.",
            "Install wardmail[imap].",
        ) from error


async def _notices(installation: Installation, certificates: CertificateFiles) -> NoticeServer | None:
    settings = installation.settings
    if not settings["receive.graph_listen"] or not settings["receive.graph_public"]:
        return None
    server = NoticeServer(settings["receive.graph_public"])
    await server.start(*address(settings["receive.graph_listen"]), certificates.context)
    return server

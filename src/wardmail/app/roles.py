"""What a worker process does: listens, takes mail in, delivers it, and sweeps, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from wardmail.app.counting import CountedDesk
from wardmail.app.domain_watching import watching_domains
from wardmail.app.inbound_wiring import Receiving
from wardmail.app.installation import Installation
from wardmail.app.reception import open_reception
from wardmail.app.secret_upkeep import keep_uses
from wardmail.app.tracing import TracedDesk, open_spans
from wardmail.app.wiring import housekeeping, listener_settings, make_delivery, open_world
from wardmail.edges.smtp_listener import SmtpListener, start_listeners
from wardmail.edges.spool import SealedSpool
from wardmail.edges.tls import CertificateFiles
from wardmail.outbound.delivery import Delivery
from wardmail.outbound.submission import Desk
from wardmail.outbound.world import World
from wardmail.ports import Spans

if TYPE_CHECKING:
    from wardmail.web.listening import HttpsListener

log = logging.getLogger(__name__)


def run_worker(
    installation: Installation,
    slot: int,
    certificates: CertificateFiles,
    on_ready: Callable[[SmtpListener], Awaitable[None]] | None = None,
) -> None:
    """Blocks until SIGTERM or SIGINT; returns when everything in flight is settled."""
    runner = _runner()
    with runner:
        runner.run(_work(installation, slot, certificates, on_ready))


def _runner() -> asyncio.Runner:
    """uvloop where it is installed (extra `speed`), else asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def _work(
    installation: Installation,
    slot: int,
    certificates: CertificateFiles,
    on_ready: Callable[[SmtpListener], Awaitable[None]] | None,
) -> None:
    with open_world(installation, f"worker-{slot}") as world:
        taken_back = await asyncio.to_thread(world.queue.take_back_leases)
        if taken_back:
            log.info("event=leases_taken_back slot=%d copies=%d", slot, taken_back)
        stop = asyncio.Event()
        async with _listening(installation, slot, certificates, world, stop) as listener:
            # The writer thread must not wait five milliseconds for its turn after every statement.
            sys.setswitchinterval(0.0005)
            gc.collect()
            gc.freeze()
            log.info("event=ready slot=%d ports=%s", slot, ",".join(map(str, listener.ports)))
            if on_ready is not None:
                await on_ready(listener)
            await _told_to_stop(listener, stop)
            log.info("event=stopping slot=%d sessions=%d", slot, listener.open_sessions)


@contextlib.asynccontextmanager
async def _listening(
    installation: Installation, slot: int, certificates: CertificateFiles, world: World, stop: asyncio.Event
) -> AsyncIterator[SmtpListener]:
    settings = installation.settings
    spans = open_spans(settings)
    delivery = make_delivery(installation, world, spans)
    spool = SealedSpool(settings.data / "spool")
    desk = _desk(installation, world, delivery, spans)
    receiving = await open_reception(installation, slot, certificates, world, spool)
    doors: list[SmtpListener] = []
    https = _open_https(installation, world, desk, receiving.receiving, certificates, doors=doors)
    listener = await start_listeners(listener_settings(settings), desk, spool, certificates)
    doors += [each for each in (listener, receiving.listener) if each is not None]
    background = [asyncio.create_task(world.register.follow()), asyncio.create_task(delivery.run())]
    background += [asyncio.create_task(each) for each in receiving.tasks]
    if https is not None:
        background.append(asyncio.create_task(https.run()))
    background.append(asyncio.create_task(keep_uses(installation)))
    if slot == 0:
        background += [asyncio.create_task(each) for each in housekeeping(installation, world, spool)]
        background += [asyncio.create_task(each) for each in watching_domains(installation, world)]
    for task in background:
        task.add_done_callback(lambda ended: _stop_without(ended, stop))
    try:
        yield listener
    finally:
        patience = settings["delivery.drain_seconds"]
        if https is not None:
            https.stop()
        await asyncio.gather(listener.drain(patience), receiving.drain(patience))
        await delivery.drain(patience)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        if spans is not None:
            await asyncio.to_thread(spans.close)


def _desk(installation: Installation, world: World, delivery: Delivery, spans: Spans | None) -> CountedDesk:
    if spans is None:
        return CountedDesk(world, delivery, installation.counts, installation.uses.note)
    return TracedDesk(world, delivery, installation.counts, installation.uses.note, spans)


def _open_https(
    installation: Installation,
    world: World,
    desk: Desk,
    receiving: Receiving,
    certificates: CertificateFiles,
    *,
    doors: Sequence[SmtpListener],
) -> HttpsListener | None:
    if not installation.settings["listen.https"]:
        return None
    from wardmail.app.web_wiring import make_https_listener

    return make_https_listener(installation, world, desk, receiving, certificates, doors=doors)


def _stop_without(ended: asyncio.Task[None], stop: asyncio.Event) -> None:
    """A worker that does only half of its work is worse than none: it stops, and the supervisor starts another."""
    if not ended.cancelled() and not stop.is_set():
        log.critical("event=task_ended error=%s", type(ended.exception()).__name__)
        stop.set()


async def _told_to_stop(listener: SmtpListener, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: loop.run_in_executor(None, listener.reload_certificates))
    await stop.wait()

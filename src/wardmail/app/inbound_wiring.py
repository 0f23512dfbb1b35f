"""Chooses the implementations of the inbound walk: what proves, inspects, scans, collects and hands over."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wardmail.app.counting import CountedArrivals
from wardmail.app.domain_wiring import report_desk
from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.host_and_port import address
from wardmail.app.installation import Installation
from wardmail.app.settings import Settings
from wardmail.app.wiring import nameservers
from wardmail.content.inspection import Context
from wardmail.edges.dns import DnsResolver
from wardmail.edges.handovers.reports import TakeReport
from wardmail.edges.handovers.routed import assemble_handovers
from wardmail.edges.inspection_pool import InspectionPool
from wardmail.edges.scanners.clamd import ClamdScanner
from wardmail.edges.scanners.connections import Place
from wardmail.edges.scanners.rspamd import RspamdScanner
from wardmail.edges.scanners.spamd import SpamdScanner
from wardmail.edges.smtp_settings import Endpoint, ListenerSettings, PeerLimits
from wardmail.inbound.proving import SenderProver
from wardmail.inbound.quarantine import Quarantine
from wardmail.inbound.verdict import verdict
from wardmail.inbound.working import Workers
from wardmail.inbound.world import InboundSettings, InboundWorld
from wardmail.model.inspection import Inspection, ScanReport
from wardmail.model.route import TlsMode
from wardmail.model.sender import SenderEvidence
from wardmail.model.verdict import Verdict, Wishes
from wardmail.outbound.opened_content import Inspect
from wardmail.outbound.register_view import RegisterView
from wardmail.ports import Scanner
from wardmail.protocol.smtp_verbs import ServerTerms
from wardmail.store.queue import StoreQueue
from wardmail.store.returns import StoreReturns
from wardmail.store.seen_items import StoreSeenItems


@dataclass(frozen=True, slots=True)
class Receiving:
    """What one process needs to receive. `collecting` and `quarantine` run in one process of an installation."""

    world: InboundWorld
    workers: Workers
    seen: StoreSeenItems
    quarantine: Quarantine

    async def close(self) -> None:
        """What was started to judge a message; the workers close it themselves when they are drained."""
        await self.world.inspector.close()
        for scanner in self.world.scanners:
            await scanner.close()


def make_receiving(installation: Installation, register: RegisterView, queue: StoreQueue, owner: str) -> Receiving:
    """Over the store of the outbound walk: one writer for all."""
    settings = installation.settings
    arrivals = CountedArrivals(installation.database, queue, owner, installation.counts, installation.blinder)
    proving = nameservers(settings, "receive.nameservers") or nameservers(settings)
    resolver = DnsResolver(installation.clock, proving)
    hostname = settings["gateway.hostname"]
    world = InboundWorld(
        register=register,
        arrivals=arrivals,
        clock=installation.clock,
        new_id=installation.clock.new_message_id,
        owner=owner,
        settings=inbound_settings(settings),
        prover=SenderProver(
            register,
            resolver,
            installation.clock,
            receiver=hostname,
            sealers=frozenset(domain.lower() for domain in settings["receive.trusted_sealers"]),
        ),
        inspector=PooledInspector(),
        scanners=make_scanners(installation),
        decide=decide,
        courier=assemble_handovers(
            installation.secrets, installation.clock, hostname=hostname, take_report=_take_report(installation)
        ),
        returns=StoreReturns(installation.database),
        jitter=random.random,
    )
    seen = StoreSeenItems(installation.database, queue.writer, arrivals)
    return Receiving(world, Workers(world), seen, Quarantine(world))


def _take_report(installation: Installation) -> TakeReport:
    desk = report_desk(installation)

    async def take(message: bytes, source: str, proof: str) -> str:
        return (await desk.take_message(message, source, proof)).words

    return take


def inbound_settings(settings: Settings) -> InboundSettings:
    return InboundSettings(
        hostname=settings["gateway.hostname"],
        lease=settings["delivery.lease_seconds"],
        data_budget=settings["receive.data_seconds"],
        judge_budget=max(120.0, 2 * settings["scan.seconds"]),
        unscanned_for=settings["receive.unscanned_hours"] * 3600,
        memory=settings["receive.memory_mb"] * 1024 * 1024,
        retention_days=settings["retention.days"],
    )


class PooledInspector:
    """Implements `inbound.world.Inspector` by processes that may die of a message."""

    def __init__(self) -> None:
        self._pool = InspectionPool()

    async def inspect(self, message: bytes, wishes: Wishes, known_sender: bool | None) -> Inspection:
        context = Context(wishes.protected_names, wishes.own_domains, known_sender)
        return await self._pool.inspect(message, context)

    async def close(self) -> None:
        await self._pool.close()


def inspection_by(world: InboundWorld) -> Inspect:
    """What looks into stored messages as it looks into those that come in: in processes that may die of one."""

    async def inspect(message: bytes) -> Inspection:
        return await world.inspector.inspect(message, Wishes(), None)

    return inspect


def decide(sender: SenderEvidence, inspection: Inspection, scans: Sequence[ScanReport], wishes: Wishes) -> Verdict:
    return verdict(inspection, sender, scans, wishes)


def make_scanners(installation: Installation) -> tuple[Scanner, ...]:
    """Those that the settings name. None named: mail is judged by what we see ourselves."""
    settings, found = installation.settings, list[Scanner]()
    seconds, largest = settings["scan.seconds"], settings["receive.largest_message_mb"] * 1024 * 1024
    if settings["scan.clamd"]:
        found.append(ClamdScanner(place(settings["scan.clamd"]), seconds=seconds, largest=largest))
    if settings["scan.rspamd"]:
        password = settings["scan.rspamd_password"]
        found.append(RspamdScanner(settings["scan.rspamd"], installation.secrets, password, seconds=seconds))
    if settings["scan.spamd"]:
        found.append(SpamdScanner(place(settings["scan.spamd"]), seconds=seconds))
    return tuple(found)


def place(text: str) -> Place:
    if text.startswith("/"):
        return Place(socket=text)
    return Place(*address(text))


def receiver_settings(settings: Settings) -> ListenerSettings:
    """For other mail servers: no log-in, TLS before MAIL, no delivery reports promised."""
    return ListenerSettings(
        endpoints=tuple(Endpoint(*address(text), TlsMode.STARTTLS) for text in settings["receive.listen"]),
        terms=ServerTerms(
            host_name=settings["gateway.hostname"],
            max_message_size=settings["receive.largest_message_mb"] * 1024 * 1024,
            max_recipients=100,
            requires_auth=False,
            offers_dsn=False,
        ),
        limits=PeerLimits(
            connections=settings["receive.connections_per_address"],
            connections_per_minute=settings["receive.connections_per_minute"],
        ),
    )


def require_usable_receiving(settings: Settings) -> None:
    """Raises CommandFailed for what only a worker would find to be wrong."""
    receiver_settings(settings)
    for key in ("scan.clamd", "scan.spamd"):
        if settings[key]:
            place(settings[key])
    if settings["scan.rspamd"] and not settings["scan.rspamd"].startswith(("http://", "https://")):
        raise CommandFailed(
            "WM-CONFIG-SCAN", "scan.rspamd is no address of a web service.", "Write http://127.0.0.1:11333.", USAGE
        )


@contextlib.contextmanager
def open_receiving(installation: Installation) -> Iterator[Receiving]:
    """For a command: what it writes is written at the end."""
    from wardmail.app.wiring import open_world

    with open_world(installation) as world:
        assert isinstance(world.queue, StoreQueue)
        yield make_receiving(installation, world.register, world.queue, f"{socket.gethostname()}/cli")

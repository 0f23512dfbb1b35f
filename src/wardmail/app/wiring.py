"""The only place that chooses implementations: ports on the left, edges and store on the right."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Coroutine, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from wardmail.app.audit_heads import keep_heads
from wardmail.app.checking import local_rows
from wardmail.app.counting import CountedCourier, CountedOutbox, CountedPoster, CountedWebhooks
from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.forgetting import forgetting
from wardmail.app.host_and_port import address
from wardmail.app.installation import Installation
from wardmail.app.register_terms import review_terms
from wardmail.app.secret_upkeep import require_references
from wardmail.app.settings import Settings
from wardmail.app.tracing import TracedCourier, exporter_of
from wardmail.edges.clock import SystemClock
from wardmail.edges.courier import assemble_courier
from wardmail.edges.direct_courier import DirectSettings
from wardmail.edges.dns import DnsResolver
from wardmail.edges.endpoint_poster import SignedPoster
from wardmail.edges.https import HttpsFetcher, WorldResolver
from wardmail.edges.notify_courier import NotifyCourier
from wardmail.edges.sealing import ContentSealer
from wardmail.edges.smtp_settings import Endpoint, ListenerSettings, PeerLimits
from wardmail.edges.spool import SealedSpool
from wardmail.edges.upstream import CourierSettings
from wardmail.edges.webhook import HttpsPoster
from wardmail.model.hold import Ending, HoldTerms
from wardmail.model.integration import Integration
from wardmail.model.register import Change
from wardmail.model.route import TlsMode
from wardmail.outbound.agreement_watch import AgreementWatch
from wardmail.outbound.delivery import Delivery
from wardmail.outbound.following import Follower
from wardmail.outbound.gate import CONTACTS
from wardmail.outbound.holding import HoldKeeper
from wardmail.outbound.list_watch import ListWatch
from wardmail.outbound.posting import WebhookSender
from wardmail.outbound.recording import Recorder
from wardmail.outbound.register_view import RegisterView
from wardmail.outbound.reporting import Reporter
from wardmail.outbound.retry import MINUTES
from wardmail.outbound.review_watch import ReviewWatch
from wardmail.outbound.shredding import Shredder
from wardmail.outbound.sweeping import Sweeper
from wardmail.outbound.telling import Teller
from wardmail.outbound.waiting_watch import WaitingWatch
from wardmail.outbound.world import WalkSettings, World
from wardmail.policy.completeness import with_gap_noted
from wardmail.ports import Courier, Spans
from wardmail.protocol.smtp_verbs import ServerTerms
from wardmail.store.holds import StoreHolds
from wardmail.store.notices_feed import NoticesFeed
from wardmail.store.queue import StoreQueue
from wardmail.store.returns import StoreReturns
from wardmail.store.shelves import StoreShelves
from wardmail.store.waiting import StoreWaiting
from wardmail.store.writer import Writer


@contextlib.contextmanager
def open_world(installation: Installation, slot: str = "cli") -> Iterator[World]:
    """The outbound walk's world over this installation's store; whatever waits to be written is, at the end."""
    settings, keystore = installation.settings, installation.keystore
    owner = f"{socket.gethostname()}/{slot}"
    clock = installation.clock
    sealer = ContentSealer(keystore)
    spool = SealedSpool(settings.data / "spool")
    writer = Writer(installation.database)
    try:
        yield World(
            register=register_view(installation),
            queue=StoreQueue(installation.database, writer, sealer, spool, owner, blinder=installation.blinder),
            signer=installation.signer,
            clock=clock,
            new_id=clock.new_message_id,
            pepper=installation.pepper,
            owner=owner,
            settings=walk_settings(settings),
            spool=spool,
        )
    finally:
        writer.close()


def register_view(installation: Installation) -> RegisterView:
    settings = installation.settings
    local = local_rows(settings["policy.local"])
    return RegisterView(installation.register, installation.clock, local, terms=review_terms(settings))


def walk_settings(settings: Settings) -> WalkSettings:
    return WalkSettings(
        hostname=settings["gateway.hostname"],
        expire_after=settings["delivery.expire_after_hours"] * 3600,
        notice_after=settings["delivery.notice_after_minutes"] * 60,
        lease=settings["delivery.lease_seconds"],
        notice_sender=settings["notices.sender"],
        notice_route=settings["notices.route"],
        holds=_hold_terms(settings),
        retention_days=settings["retention.days"],
        contacts=_contacts(settings),
    )


def _hold_terms(settings: Settings) -> HoldTerms:
    if settings["hold.then"] not in set(Ending):
        raise CommandFailed("WM-CONFIG-HOLD", "hold.then is neither return nor keep.", "Write one of them.", USAGE)
    return HoldTerms(
        decide_within=settings["hold.decide_within_hours"] * 3600,
        first_reminder=settings["hold.first_reminder_hours"] * 3600,
        urgent_within=settings["hold.urgent_minutes"] * 60,
        ending=Ending(settings["hold.then"]),
    )


def housekeeping(installation: Installation, world: World, spool: SealedSpool) -> tuple[Coroutine[Any, Any, None], ...]:
    """What one process of an installation does for all of them, each for as long as the process lives."""
    queue = world.queue
    assert isinstance(queue, StoreQueue)
    holds = StoreHolds(installation.database, queue.writer, queue)
    return (
        Sweeper(queue, Reporter(world), spool, world.clock, forget=forgetting(installation)).run(),
        Follower(
            world,
            NotifyCourier(
                installation.secrets,
                installation.clock,
                installation.settings["delivery.ca_file"] or None,
            ),
            StoreReturns(installation.database),
        ).run(),
        HoldKeeper(world, holds, installation.people.all).run(),
        WaitingWatch(world, StoreWaiting(installation.database, queue.writer, queue), installation.people.all).run(),
        make_shredder(installation, queue, spool).run(),
        make_review_watch(installation, world).run(),
        ListWatch(world, installation.people.all).run(),
        AgreementWatch(world, installation.people.all).run(),
        keep_heads(installation),
        WebhookSender(
            CountedOutbox(installation.database, installation.counts), make_poster(installation), world.clock
        ).run(),
        make_teller(installation).run(),
    )


def make_teller(installation: Installation) -> Teller:
    poster = CountedPoster(SignedPoster(installation.secrets, installation.clock), installation.counts)
    webhooks = CountedWebhooks(installation.database, installation.counts)
    return Teller(webhooks, NoticesFeed(installation.database), poster, installation.clock)


def make_shredder(installation: Installation, queue: StoreQueue, spool: SealedSpool) -> Shredder:
    shelves = StoreShelves(installation.database, queue.writer, queue.contents)
    keys = ContentSealer(installation.keystore)
    return Shredder(shelves, keys, installation.blinder, spool, installation.clock)


def make_poster(installation: Installation) -> HttpsPoster | None:
    settings = installation.settings
    if not settings["notices.webhook"]:
        return None
    return HttpsPoster(
        settings["notices.webhook"],
        settings["notices.webhook_secret"],
        installation.secrets,
        installation.clock,
        settings["delivery.ca_file"] or None,
    )


def _require_webhook(settings: Settings) -> None:
    url, secret = settings["notices.webhook"], settings["notices.webhook_secret"]
    if url and (not url.startswith("https://") or ":" not in secret):
        raise CommandFailed(
            "WM-CONFIG-WEBHOOK",
            "notices.webhook needs an https address, and notices.webhook_secret a reference to its secret.",
            "Write https://…, and keystore:NAME.",
            USAGE,
        )


def _contacts(settings: Settings) -> tuple[tuple[str, str], ...]:
    """They go into SMTP replies, so they are short and plain. Raises CommandFailed."""
    for name in CONTACTS:
        text = settings[f"contacts.{name}"]
        if len(text) > 100 or not text.isascii() or (text and not text.isprintable()):
            raise CommandFailed(
                "WM-CONFIG-CONTACT", f"contacts.{name} is no short ASCII text.", "Write team@trust.example.", USAGE
            )
    return tuple((name, settings[f"contacts.{name}"]) for name in CONTACTS)


def require_usable(settings: Settings) -> None:
    """Read every setting that only a worker would find to be wrong. Raises CommandFailed."""
    from wardmail.app.provider_wiring import require_provider

    local_rows(settings["policy.local"])
    _contacts(settings)
    listener_settings(settings)
    _schedule(settings)
    _hold_terms(settings)
    _require_webhook(settings)
    exporter_of(settings)
    require_references(settings)
    require_provider(settings)
    for key in ("delivery.nameservers", "receive.nameservers"):
        try:
            DnsResolver(SystemClock(), nameservers(settings, key))
        except ValueError as error:
            raise CommandFailed("WM-CONFIG-DNS", f"{key}: {error}.", "Give IP addresses.", USAGE) from error
    for key in ("delivery.ca_file", "listen.client_ca_file", "oidc.ca_file", "telemetry.ca_file"):
        if settings[key] and not Path(settings[key]).is_file():
            raise CommandFailed("WM-CONFIG-CA", f"{key}: there is no {settings[key]}.", "Name a PEM file.", USAGE)


def _schedule(settings: Settings) -> tuple[float, ...]:
    try:
        minutes = tuple(float(text) for text in settings["delivery.retry_minutes"])
    except (TypeError, ValueError):
        minutes = (0.0,)
    if not all(each > 0 for each in minutes):
        raise CommandFailed(
            "WM-CONFIG-RETRY", "delivery.retry_minutes is no list of minutes.", "Write [1, 5, 15, 60].", USAGE
        )
    return minutes or MINUTES


def make_review_watch(installation: Installation, world: World) -> ReviewWatch:
    def note_gap(name: str, today: date) -> None:
        def change(records: Mapping[str, Integration]) -> Integration | None:
            return with_gap_noted(records[name], today) if name in records else None

        made = Change("GapNoted", "wardmail", "a live record was found to lack something, or to be whole again")
        installation.register.change_integration(name, change, made)

    return ReviewWatch(world, note_gap)


def make_delivery(installation: Installation, world: World, spans: Spans | None) -> Delivery:
    schedule = _schedule(installation.settings)
    reporter = Reporter(world)
    courier: Courier = CountedCourier(make_courier(installation), installation.counts, world.clock)
    return Delivery(
        register=world.register,
        queue=world.queue,
        courier=courier if spans is None else TracedCourier(courier, spans),
        recorder=Recorder(world.queue, reporter, world.clock, schedule),
        clock=world.clock,
        lease=world.settings.lease,
    )


def make_courier(installation: Installation) -> Courier:
    settings = installation.settings
    ca_file = settings["delivery.ca_file"] or None
    clock = installation.clock
    dns = DnsResolver(clock, nameservers(settings))
    return assemble_courier(
        CourierSettings(helo=settings["gateway.hostname"]),
        installation.secrets,
        clock,
        WorldResolver(dns, HttpsFetcher(dns, ca_file=ca_file)),
        sandbox_directory=settings.data / "sandbox",
        direct=DirectSettings(port=settings["delivery.direct_port"]),
        oauth_ca_file=ca_file,
    )


def listener_settings(settings: Settings) -> ListenerSettings:
    endpoints = [
        Endpoint(*address(text), mode)
        for key, mode in (("listen.submissions", TlsMode.IMPLICIT), ("listen.submission", TlsMode.STARTTLS))
        for text in settings[key]
    ]
    return ListenerSettings(
        endpoints=tuple(endpoints),
        terms=ServerTerms(
            host_name=settings["gateway.hostname"],
            max_message_size=settings["listen.largest_message_mb"] * 1024 * 1024,
        ),
        limits=PeerLimits(
            connections=settings["listen.connections_per_address"] or None,
            connections_per_minute=settings["listen.connections_per_minute"] or None,
            failed_logins=settings["listen.failed_logins"],
        ),
    )


def nameservers(settings: Settings, key: str = "delivery.nameservers") -> tuple[tuple[str, int], ...]:
    return tuple(address(text, default_port=53) for text in settings[key])

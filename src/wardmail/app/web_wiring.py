"""Chooses what the pages and the API stand on, and where they listen."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from wardmail.app.api_wiring import api_of, api_services
from wardmail.app.arrival_stories import StoredArrivalStories
from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.govern_wiring import governing_of
from wardmail.app.host_and_port import address
from wardmail.app.inbound_wiring import Receiving
from wardmail.app.installation import Installation
from wardmail.app.kept_back import StoredKeptBack
from wardmail.app.log_in_wiring import identity_services, login_desk
from wardmail.app.metrics import Numbers
from wardmail.app.office.audit import AuditOffice
from wardmail.app.readiness import Readiness, parts_of_worker
from wardmail.app.sandbox_stage import stage_of
from wardmail.app.settings import Settings, setting_records
from wardmail.app.source_output import StoredSourceRecords
from wardmail.app.stored_records import (
    StoredArrivalRecords,
    StoredHeldRecords,
    StoredMessageRecords,
)
from wardmail.app.webhook_output import StoredWebhookBook
from wardmail.edges.smtp_listener import SmtpListener
from wardmail.edges.tls import CertificateFiles
from wardmail.manage.list_ages import list_ages
from wardmail.model.standing import Profile
from wardmail.outbound.gate import CONTACTS
from wardmail.outbound.submission import Desk
from wardmail.outbound.world import World
from wardmail.store.figures import StoreFigures
from wardmail.web.listening import HttpsListener
from wardmail.web.operations import Watched, watching

if TYPE_CHECKING:
    from wardmail.web.api.services import ApiServices
    from wardmail.web.pages.operate.services import OperateServices
    from wardmail.web.pages.rendering import Pages
    from wardmail.web.pages.services import ConsoleServices


def https_endpoints(settings: Settings) -> tuple[tuple[str, int], ...]:
    return tuple(address(text) for text in settings["listen.https"])


def make_https_listener(
    installation: Installation,
    world: World,
    desk: Desk,
    receiving: Receiving,
    certificates: CertificateFiles,
    *,
    doors: Sequence[SmtpListener],
) -> HttpsListener:
    """`doors` are the listeners beside it; they may be added later."""
    from wardmail.app.documentation import library
    from wardmail.web.api.tokens import token_route
    from wardmail.web.pages.building import build_site
    from wardmail.web.pages.check import CheckPage
    from wardmail.web.pages.console import console_routes
    from wardmail.web.pages.documentation import Documentation, documentation_routes
    from wardmail.web.pages.govern.routes import govern_routes
    from wardmail.web.pages.operate.routes import operate_routes
    from wardmail.web.pages.rendering import Pages, Site

    settings = installation.settings
    services = api_services(installation, world, desk, receiving.world)
    profile = Profile(settings["pages.profile"])
    pages = Pages(Site(settings["pages.organisation"], settings["pages.environment"]))
    console = console_of(installation, world, pages, services)
    networks_of_check = networks(settings, "pages.check_networks")
    page = CheckPage(pages, lambda text: services.check_address(profile, text), networks_of_check, console.desk)
    operations = [*watching(_watched(installation, world, doors)), token_route(services)]
    pages_of_people = [
        *console_routes(console),
        *govern_routes(governing_of(installation, console)),
        *operate_routes(operating_of(installation, receiving, console)),
        *documentation_routes(Documentation(pages, library, _whom_to_ask(settings))),
    ]
    site = build_site(page, api_of(services), pages_of_people, operations)
    authorities = settings["listen.client_ca_file"]
    context = certificates.context_that_asks(Path(authorities)) if authorities else certificates.context
    return HttpsListener(site, context, https_endpoints(settings))


def _watched(installation: Installation, world: World, doors: Sequence[SmtpListener]) -> Watched:
    readiness = Readiness(parts_of_worker(installation, world, doors))
    numbers = Numbers(installation, world.register)

    async def text() -> str:
        return await numbers.text(await readiness.parts())

    return Watched(readiness.parts, text, networks(installation.settings, "metrics.networks"))


def operating_of(installation: Installation, receiving: Receiving, console: ConsoleServices) -> OperateServices:
    from wardmail.web.pages.operate.services import OperateServices

    return OperateServices(
        console=console,
        arrivals=StoredArrivalRecords(installation.inbox, installation.blinder),
        stories=StoredArrivalStories(installation.messages, receiving.world),
        kept_back=StoredKeptBack(installation.inbox, installation.messages, receiving.world),
        quarantine=receiving.quarantine,
        sources=StoredSourceRecords(installation.register, installation.sources, installation.inbox),
        waiting=installation.messages,
        webhooks=StoredWebhookBook(installation.webhooks),
        audit=AuditOffice(installation),
        lists=lambda: list(list_ages(installation.register.list_versions(), installation.clock.now())),
        settings=lambda: list(setting_records(installation.settings)),
        theatre=stage_of(installation) if installation.settings["pages.environment"] == "sandbox" else None,
    )


def _whom_to_ask(settings: Settings) -> list[tuple[str, str]]:
    found = ((name.replace("_", " ").capitalize(), settings[f"contacts.{name}"]) for name in CONTACTS)
    return [(about, whom) for about, whom in found if whom]


def networks(settings: Settings, key: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Raises CommandFailed."""
    try:
        return tuple(ip_network(text) for text in settings[key])
    except ValueError as error:
        raise CommandFailed("WM-CONFIG-NETWORK", f"{key}: {error}.", "Write 10.0.0.0/8.", USAGE) from error


def console_of(installation: Installation, world: World, pages: Pages, api: ApiServices) -> ConsoleServices:
    """With the desks at which the API works too."""
    from wardmail.web.pages.once import OnceForms
    from wardmail.web.pages.services import ConsoleServices

    desk = login_desk(installation)
    return ConsoleServices(
        pages=pages,
        desk=desk,
        ledger=api.ledger,
        clock=installation.clock,
        messages=StoredMessageRecords(installation.messages, installation.blinder),
        held=StoredHeldRecords(installation.messages, installation.holds),
        holds=installation.holds,
        integrations=lambda: {each.id: each.name for each in world.register.snapshot.integrations.values()},
        world=world,
        identity=identity_services(installation, desk),
        figures=StoreFigures(installation.database),
        content=api.content,
        resend=api.resend,
        replies=api.replies,
        once=OnceForms(installation.provider_logins, installation.clock),
        evidence=AuditOffice(installation).pack_of_message,
    )

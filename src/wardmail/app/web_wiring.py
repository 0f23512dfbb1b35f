"""Chooses what the API stands on, and where it listens."""

from __future__ import annotations

from importlib.metadata import version

from wardmail.app.host_and_port import address
from wardmail.app.installation import Installation
from wardmail.app.settings import Settings
from wardmail.app.stored_records import StoredArrivalRecords, StoredMessageRecords
from wardmail.app.wiring import listener_settings
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.edges.tls import CertificateFiles
from wardmail.inbound.pulling import PullDesk
from wardmail.manage.address_check import AddressCheck, checker
from wardmail.model.standing import Profile
from wardmail.outbound.submission import Desk
from wardmail.outbound.world import World
from wardmail.store.given_replies import StoreGivenReplies
from wardmail.store.notices_feed import NoticesFeed
from wardmail.web.listening import HttpsListener


def https_endpoints(settings: Settings) -> tuple[tuple[str, int], ...]:
    return tuple(address(text) for text in settings["listen.https"])


def make_https_listener(
    installation: Installation, world: World, desk: Desk, pull: PullDesk, certificates: CertificateFiles
) -> HttpsListener:
    from wardmail.web.api.building import build_api
    from wardmail.web.api.services import ApiServices

    settings = installation.settings
    limits = listener_settings(settings)

    def check(profile: Profile, text: str) -> AddressCheck:
        return checker(world.register.table(profile), world.clock.now)(text)

    services = ApiServices(
        desk=desk,
        ledger=PeerLedger(limits.limits),
        check_address=check,
        messages=StoredMessageRecords(installation.messages),
        arrivals=StoredArrivalRecords(installation.inbox),
        pull=pull,
        replies=StoreGivenReplies(installation.database),
        notices=NoticesFeed(installation.database),
        largest=limits.terms.max_message_size,
    )
    return HttpsListener(build_api(services, version("wardmail")), certificates.context, https_endpoints(settings))

"""Chooses what the look at domains stands on: the keystore, the DNS, and where the reports are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from wardmail.app.installation import Installation
from wardmail.app.settings import Settings
from wardmail.app.wiring import nameservers
from wardmail.assurance.domain_desk import DomainDesk, ServersToTry, our_domains
from wardmail.assurance.report_desk import ReportDesk
from wardmail.edges.dns import DnsResolver
from wardmail.edges.https import HttpsFetcher, WorldResolver
from wardmail.edges.keys import DKIM, add_dkim_key, add_outside_key, public_key
from wardmail.edges.keystore import Keystore
from wardmail.edges.mail_server_look import MailServerLook
from wardmail.edges.outside_stores import OutsideStores
from wardmail.edges.reading_apart import ReadingApart
from wardmail.manage.domain_book import DomainBookDesk
from wardmail.manage.signing_keys import SigningKeyDesk
from wardmail.model.own_domain import DomainKey, KeyState
from wardmail.ports import Clock, Resolver
from wardmail.store.domain_reports import StoreDomainReports
from wardmail.store.known_domains import StoreKnownDomains
from wardmail.store.look_limit import StoreLookLimit
from wardmail.store.outside_reports import StoreOutsideReports
from wardmail.store.selectors import StoreSelectors

_FETCH_SECONDS = 8.0
"""Less than a look may take: a web server that stalls is one finding, and not the end of all."""

_EVENTS = {
    KeyState.ACTIVE: "SigningKeyActivated",
    KeyState.RETIRED: "SigningKeyRetired",
    KeyState.WAITING: "SigningKeySetAside",
}


class KeystoreDomainKeys:
    """Implements `ports.domains.DomainKeys`.

    `used`: when each was last used; `note` keeps an event: kind, subject, actor, where.
    """

    def __init__(
        self,
        keystore: Callable[[], Keystore],
        stores: Callable[[], OutsideStores],
        used: Callable[[], Mapping[str, float | None]],
        note: Callable[[str, str, str, str], None],
        clock: Clock,
    ) -> None:
        self._keystore = keystore
        self._stores = stores
        self._used = used
        self._note = note
        self._clock = clock

    def all(self) -> Sequence[DomainKey]:
        keystore, used = self._keystore(), self._used()
        return [
            DomainKey(
                each.meta["domain"],
                each.meta["selector"],
                each.meta["algorithm"],
                KeyState(each.meta["state"]),
                each.meta.get("key", "the keystore"),
                used.get(each.name),
                public_key(keystore, each.name),
                float(each.meta["moved_at"]) if "moved_at" in each.meta else None,
            )
            for each in keystore.entries(DKIM)
        ]

    def make(self, domain: str, selector: str, algorithm: str, state: KeyState, actor: str) -> None:
        name = add_dkim_key(self._keystore(), domain, selector, algorithm, state=state.value)
        self._note("SigningKeyAdded", name, actor, "keystore")

    def take(self, domain: str, selector: str, reference: str, state: KeyState, actor: str) -> str:
        algorithm = add_outside_key(self._keystore(), domain, selector, reference, self._stores(), state=state.value)
        self._note("SigningKeyAdded", f"{DKIM}:{domain}:{selector}", actor, reference)
        return algorithm

    def move(self, domain: str, selector: str, state: KeyState, actor: str) -> None:
        name, keystore = f"{DKIM}:{domain}:{selector}", self._keystore()
        meta = keystore.entry(name).meta
        keystore.describe(name, **{**meta, "state": state.value, "moved_at": str(int(self._clock.now()))})
        self._note(_EVENTS[state], name, actor, meta.get("key", "keystore"))


def domain_keys(installation: Installation) -> KeystoreDomainKeys:
    notes = installation.secret_notes
    return KeystoreDomainKeys(
        lambda: installation.keystore,
        lambda: installation.stores,
        lambda: {name: note.last_used_at for name, note in notes.all().items()},
        notes.note,
        installation.clock,
    )


def domain_desk(installation: Installation) -> DomainDesk:
    settings, clock = installation.settings, installation.clock

    def resolver() -> Resolver:
        dns = DnsResolver(clock, nameservers(settings))
        # Anybody who may see names the domain: its policy must not be a way to knock at doors inside.
        ca_file = settings["delivery.ca_file"] or None
        https = HttpsFetcher(dns, ca_file=ca_file, timeout=_FETCH_SECONDS, allow_private=False)
        return WorldResolver(dns, https)

    database = installation.database
    reports, book = StoreDomainReports(database), StoreKnownDomains(database)
    limit = StoreLookLimit(database)
    return DomainDesk(
        domain_keys(installation),
        reports,
        book,
        resolver,
        clock,
        servers=_servers(settings),
        limit=limit,
        selectors=StoreSelectors(database),
    )


def _servers(settings: Settings) -> ServersToTry | None:
    if not settings["domains.try_mail_servers"]:
        return None
    port, ca_file = settings["delivery.direct_port"], settings["delivery.ca_file"] or None
    return ServersToTry(MailServerLook(settings["gateway.hostname"], port=port, ca_file=ca_file), port)


def signing_key_desk(installation: Installation) -> SigningKeyDesk:
    desk = domain_desk(installation)
    return SigningKeyDesk(domain_keys(installation), installation.clock, desk.is_published)


def domain_book_desk(installation: Installation) -> DomainBookDesk:
    return DomainBookDesk(StoreKnownDomains(installation.database), installation.clock)


def report_desk(installation: Installation) -> ReportDesk:
    book = StoreOutsideReports(installation.database)
    return ReportDesk(book, ReadingApart(), lambda: ours_of(installation), installation.clock)


def ours_of(installation: Installation) -> Collection[str]:
    """The names of our domains. Blocking."""
    keyed = {each.meta["domain"] for each in installation.keystore.entries(DKIM)}
    known = StoreKnownDomains(installation.database).all()
    return our_domains(installation.register.snapshot().integrations.values(), keyed, known)

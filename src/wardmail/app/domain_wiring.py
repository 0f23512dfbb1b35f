"""Chooses what the look at our own domains stands on: the keystore, the DNS, and where the reports are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from wardmail.app.installation import Installation
from wardmail.app.wiring import nameservers
from wardmail.assurance.domain_desk import DomainDesk
from wardmail.edges.dns import DnsResolver
from wardmail.edges.https import HttpsFetcher, WorldResolver
from wardmail.edges.keys import DKIM, public_key
from wardmail.edges.keystore import Keystore
from wardmail.model.own_domain import DomainKey
from wardmail.store.domain_reports import StoreDomainReports


class KeystoreDomainKeys:
    """Implements `ports.domains.DomainKeys`. `used`: when each entry of the keystore was last used."""

    def __init__(self, keystore: Keystore, used: Callable[[], Mapping[str, float | None]]) -> None:
        self._keystore = keystore
        self._used = used

    def all(self) -> Sequence[DomainKey]:
        used = self._used()
        return [
            DomainKey(
                each.meta["domain"],
                each.meta["selector"],
                each.meta["algorithm"],
                each.meta["state"],
                each.meta.get("key", "the keystore"),
                used.get(each.name),
                public_key(self._keystore, each.name),
            )
            for each in self._keystore.entries(DKIM)
        ]


def domain_desk(installation: Installation) -> DomainDesk:
    settings, clock = installation.settings, installation.clock
    dns = DnsResolver(clock, nameservers(settings))
    resolver = WorldResolver(dns, HttpsFetcher(dns, ca_file=settings["delivery.ca_file"] or None))
    keys = KeystoreDomainKeys(
        installation.keystore,
        lambda: {name: note.last_used_at for name, note in installation.secret_notes.all().items()},
    )
    return DomainDesk(keys, StoreDomainReports(installation.database), resolver, clock)

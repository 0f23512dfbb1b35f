"""Our own sender domains with their signing keys, and the lists of others' domains, as people see them by the API."""

from __future__ import annotations

from collections.abc import Sequence

from wardmail.app.commands.domain import domain_of, keys_of, records_of, rotated
from wardmail.app.failures import not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import rfc3339
from wardmail.edges.keys import DKIM
from wardmail.model.accredited import ListVersion
from wardmail.model.person import Person
from wardmail.model.reading import Record


class DomainOffice:
    """Everything here blocks, and raises CommandFailed for what cannot be done."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def all(self) -> list[Record]:
        """Every domain that an integration sends as, or that has a key."""
        senders: dict[str, list[str]] = {}
        for each in self._installation.register.snapshot().integrations.values():
            for domain in {sender.rpartition("@")[2] for sender in each.senders}:
                senders.setdefault(domain, []).append(each.id)
        keys = [each.meta for each in self._installation.keystore.entries(DKIM)]
        names = sorted({*senders, *(each["domain"] for each in keys)})
        return [
            {
                "domain": name,
                "integrations": sorted(senders.get(name, [])),
                "signing_keys": sum(each["domain"] == name and each["state"] != "retired" for each in keys),
            }
            for name in names
        ]

    def keys(self, domain: str) -> list[Record]:
        name = usable(domain_of(domain), "WM-DOMAIN")
        used = {entry: note.last_used_at for entry, note in self._installation.secret_notes.all().items()}
        return [
            {
                "selector": each.meta["selector"],
                "algorithm": each.meta["algorithm"],
                "state": each.meta["state"],
                "kept_in": each.meta.get("key", "the keystore"),
                "last_used_at": rfc3339(used.get(each.name)),
            }
            for each in keys_of(self._installation.keystore, name)
        ]

    def rotate(self, actor: Person, domain: str, algorithms: Sequence[str], key: str) -> list[Record]:
        """`key` names one that stays where it is; empty: new ones are made."""
        name = usable(domain_of(domain), "WM-DOMAIN")
        rotated(self._installation, actor, name, algorithms, key)
        return self.keys(name)

    def dns_records(self, domain: str) -> list[Record]:
        found = records_of(self._installation, usable(domain_of(domain), "WM-DOMAIN"))
        return [{"name": each.name, "type": each.type, "value": each.value, "why": each.why} for each in found]

    def lists(self) -> list[Record]:
        """The newest version of each list."""
        newest: dict[str, Record] = {}
        for each in self._installation.register.list_versions():
            newest.setdefault(each.name, _list_record(each))
        return list(newest.values())

    def list_named(self, name: str) -> Record:
        """The newest version, and those before it."""
        found = [_list_record(each) for each in self._installation.register.list_versions() if each.name == name]
        if not found:
            raise not_found("list", name, "wardmail lists show")
        return dict(found[0]) | {"earlier": found[1:]}

    def entry(self, name: str, domain: str) -> Record:
        self.list_named(name)
        entry = self._installation.register.snapshot().accredited.get(domain.lower())
        if entry is None:
            raise not_found("list entry", domain, "wardmail lists show")
        return {
            "domain": entry.domain,
            "organisation": entry.organisation,
            "ods_code": entry.ods_code,
            "accredited_on": entry.accredited_on.isoformat(),
            "expires": entry.expires.isoformat(),
        }


def _list_record(each: ListVersion) -> Record:
    record = {"list": each.name, "version": each.version, "imported_at": rfc3339(each.imported_at)}
    return record | {"imported_by": each.imported_by, "source": each.source, "entries": each.entries}

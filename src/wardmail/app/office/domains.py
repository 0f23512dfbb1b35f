"""Domains with their signing keys and how they look, and the lists of others' domains, as people see them by the API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from wardmail.app.domain_listing import all_domains
from wardmail.app.domain_output import (
    activated_record,
    assurance_record,
    dns_record,
    domain_named,
    done,
    key_record,
    known_record,
    looked,
    records_of,
    report_record,
    seen_last,
    tree_record,
)
from wardmail.app.domain_wiring import domain_book_desk, domain_desk, ours_of, signing_key_desk
from wardmail.app.failures import not_found
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.manage.signing_keys import named_selectors
from wardmail.model.accredited import ListVersion
from wardmail.model.own_domain import AssuranceKind
from wardmail.model.person import Person
from wardmail.model.reading import Record


class DomainOffice:
    """Blocks where it is not async, and raises CommandFailed for what cannot be done."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._desk = domain_desk(installation)
        self._keys = signing_key_desk(installation)
        self._book = domain_book_desk(installation)

    def all(self) -> list[Record]:
        return all_domains(self._installation)

    def add(self, actor: Person, domain: str, *, ours: bool, note: str) -> Record:
        return known_record(done(self._book.add(actor, domain, is_ours=ours, note=note)))

    def remove(self, actor: Person, domain: str) -> None:
        name = domain_named(domain)
        if not done(self._book.remove(actor, name)):
            raise not_found("domain", name, "wardmail domain list")

    async def check(self, actor: Person, domain: str, selectors: Sequence[str] = ()) -> Record:
        """Asks the DNS and the mail servers now."""
        name, named = domain_named(domain), done(named_selectors(selectors))
        is_ours = name in await asyncio.to_thread(ours_of, self._installation)
        look = await self._desk.verify(name, is_ours=is_ours, person=actor.id, selectors=named)
        return report_record(looked(look, name))

    def assurances(self, domain: str) -> list[Record]:
        known = self._book.all().get(domain_named(domain))
        return [assurance_record(each, self._installation.clock.now()) for each in (known.assurances if known else ())]

    def record_assurance(self, actor: Person, domain: str, kind: str, reference: str, until: date) -> list[Record]:
        name = domain_named(domain)
        made = self._book.record_assurance(actor, name, AssuranceKind(kind), reference, until)
        if made is None:
            raise not_found("domain", name, "wardmail domain list")
        done(made)
        return self.assurances(name)

    async def checks(self, domain: str, limit: int) -> list[Record]:
        found = await self._desk.history(domain_named(domain), limit)
        return [report_record(each) for each in found]

    async def spf_tree(self, domain: str) -> Record:
        """As it was seen last."""
        name = domain_named(domain)
        return tree_record(seen_last(await self._desk.history(name, 1), name))

    def keys(self, domain: str) -> list[Record]:
        return [key_record(each) for each in self._keys.of(domain_named(domain))]

    def make_keys(
        self, actor: Person, domain: str, algorithms: Sequence[str], key: str, *, signs_now: bool
    ) -> list[Record]:
        """`key` names one that stays where it is; empty: new ones are made."""
        name = domain_named(domain)
        done(self._keys.make(actor, name, algorithms, key, signs_now=signs_now))
        return self.keys(name)

    async def activate(self, actor: Person, domain: str, selector: str) -> Record:
        """Asks the DNS first."""
        changed = done(await self._keys.activate(actor, domain_named(domain), selector), selector)
        return activated_record(changed)

    def retire(self, actor: Person, domain: str, selector: str) -> Record:
        return key_record(done(self._keys.retire(actor, domain_named(domain), selector), selector).key)

    def dns_records(self, domain: str) -> list[Record]:
        name = domain_named(domain)
        return [dns_record(each) for each in records_of(name, self._keys.of(name), self._installation.clock.now())]

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

"""Domains on record, our own and others', of a records file, with the evidence about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from wardmail.app.domain_wiring import domain_book_desk
from wardmail.app.installation import Installation
from wardmail.app.record_tables import record_of, table_of
from wardmail.app.records_file.plan import Plan, Step, changes
from wardmail.manage.domain_book import usable
from wardmail.manage.signing_keys import checked_domain
from wardmail.model.own_domain import Assurance, AssuranceKind, KnownDomain
from wardmail.model.person import Permission


@dataclass(frozen=True, slots=True)
class _Shown:
    """Who recorded it, and when, is what the gateway says and no file."""

    kind: AssuranceKind
    reference: str
    until: date


@dataclass(frozen=True, slots=True)
class _Written:
    is_ours: bool
    note: str = ""
    assurances: tuple[_Shown, ...] = ()


def write_domains(installation: Installation) -> dict[str, Any]:
    return {name: _table(each) for name, each in domain_book_desk(installation).all().items()}


def plan_domains(plan: Plan, tables: Mapping[str, Any]) -> None:
    desk = domain_book_desk(plan.installation)
    existing = desk.all()
    for name, table in plan.rows(tables, "domain").items():
        where, before = f"domain.{name}", existing.get(name)
        written = record_of(_Written, table, where, plan.faults, {})
        proper = plan.usable(where, checked_domain(name))
        if proper is None or written is None:
            continue
        if proper != name:
            plan.fault(where, f"Write it as {proper}")
            continue
        wanted = plan.usable(where, usable(_known(plan, name, written, before), plan.installation.clock.now()))
        if wanted is not None and wanted != before:
            told = changes(_table(before) if before else None, _table(wanted))
            do = partial(desk.put, plan.actor, wanted)
            plan.steps.append(Step("domain", name, before is None, told, Permission.MANAGE_LISTS, do))


def _known(plan: Plan, name: str, written: _Written, before: KnownDomain | None) -> KnownDomain:
    """What is known of who recorded what stays."""
    actor, now = plan.actor.id, plan.installation.clock.now()
    recorded = {_shown(each): each for each in (before.assurances if before else ())}
    assurances = tuple(
        recorded.get(each) or Assurance(each.kind, each.reference, each.until, actor, now)
        for each in written.assurances
    )
    by, at = (before.added_by, before.added_at) if before else (actor, now)
    return KnownDomain(name, written.is_ours, by, at, written.note, assurances)


def _table(known: KnownDomain) -> dict[str, Any]:
    return table_of(_Written(known.is_ours, known.note, tuple(_shown(each) for each in known.assurances)))


def _shown(assurance: Assurance) -> _Shown:
    return _Shown(assurance.kind, assurance.reference, assurance.until)

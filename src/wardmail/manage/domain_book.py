"""Where people put domains on record, our own and others'; commands, pages and programs all come here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from wardmail.manage.integrations import BadInput, Forbidden, may_not
from wardmail.manage.signing_keys import checked_domain
from wardmail.model.own_domain import Assurance, AssuranceKind, KnownDomain
from wardmail.model.person import Permission, Person
from wardmail.ports import Clock
from wardmail.ports.domains import DomainBook

_LONGEST_NOTE, _LONGEST_TERM, _MOST_ASSURANCES = 200, 5 * 366, 20


class DomainBookDesk:
    """Blocks, and asks itself whether the person may."""

    def __init__(self, book: DomainBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def all(self) -> Mapping[str, KnownDomain]:
        return self._book.all()

    def add(self, actor: Person, text: str, *, is_ours: bool, note: str = "") -> KnownDomain | BadInput | Forbidden:
        if not actor.may(Permission.MANAGE_LISTS):
            return may_not(actor, Permission.MANAGE_LISTS)
        name = checked_domain(text)
        if isinstance(name, BadInput):
            return name
        now = self._clock.now()
        domain = usable(KnownDomain(name, is_ours, actor.id, now, " ".join(note.split())), now)
        if isinstance(domain, BadInput):
            return domain
        if not self._book.add(domain):
            return BadInput(f"{name} is on record already: remove it first to change it.", "WM-DOMAIN-EXISTS")
        return domain

    def record_assurance(
        self, actor: Person, name: str, kind: AssuranceKind, reference: str, until: date
    ) -> KnownDomain | BadInput | Forbidden | None:
        """In place of what was recorded of that kind, unless the kind is OTHER. None: the domain is not on record."""
        if not actor.may(Permission.MANAGE_LISTS):
            return may_not(actor, Permission.MANAGE_LISTS)
        now = self._clock.now()
        made = Assurance(kind, " ".join(reference.split()), until, actor.id, now)
        problem = _problem_of(made, now)
        if problem is not None:
            return problem
        if not made.counts_on(datetime.fromtimestamp(now, UTC).date()):
            return BadInput(f"The last day of the evidence, {until.isoformat()}, is over.", "WM-ASSURANCE")

        def with_it(before: KnownDomain) -> KnownDomain:
            kept = [each for each in before.assurances if not _is_replaced(each, made)]
            return replace(before, assurances=_bounded((*kept, made)))

        return self._book.change(name, "DomainEvidenceRecorded", actor.id, with_it)

    def put(self, actor: Person, domain: KnownDomain) -> KnownDomain | Forbidden:
        """As a records file has it, in place of what is there; `usable` said that it may be."""
        if not actor.may(Permission.MANAGE_LISTS):
            return may_not(actor, Permission.MANAGE_LISTS)
        if not self._book.add(domain):
            self._book.change(domain.name, "DomainChanged", actor.id, lambda _: domain)
        return domain

    def remove(self, actor: Person, name: str) -> bool | Forbidden:
        """False: there is none. What was found when it was looked at stays."""
        if not actor.may(Permission.MANAGE_LISTS):
            return may_not(actor, Permission.MANAGE_LISTS)
        return self._book.remove(name, actor.id)


def usable(domain: KnownDomain, now: float) -> KnownDomain | BadInput:
    """The record, when it may be kept. Evidence that is over stays: it tells what somebody went by."""
    if len(domain.note) > _LONGEST_NOTE or not domain.note.isprintable():
        reason = f"The note is longer than {_LONGEST_NOTE} characters, or has some that cannot be seen."
        return BadInput(reason, "WM-DOMAIN-NOTE")
    if len(domain.assurances) > _MOST_ASSURANCES:
        reason = (
            f"There are {len(domain.assurances)} pieces of evidence, and {_MOST_ASSURANCES} are kept: leave some out."
        )
        return BadInput(reason, "WM-ASSURANCE")
    problems = [problem for each in domain.assurances if (problem := _problem_of(each, now)) is not None]
    return problems[0] if problems else domain


def _problem_of(assurance: Assurance, now: float) -> BadInput | None:
    words = assurance.reference
    if not words.strip() or len(words) > _LONGEST_NOTE or not words.isprintable():
        reason = (
            f"The evidence {assurance.kind.value} has no reference, one longer than {_LONGEST_NOTE} characters, "
            "or one with characters that cannot be seen: say where it is kept."
        )
        return BadInput(reason, "WM-ASSURANCE")
    if assurance.until > datetime.fromtimestamp(now, UTC).date() + timedelta(days=_LONGEST_TERM):
        last = assurance.until.isoformat()
        reason = f"The last day of the evidence {assurance.kind.value}, {last}, is more than five years ahead."
        return BadInput(reason, "WM-ASSURANCE")
    return None


def _is_replaced(before: Assurance, made: Assurance) -> bool:
    """Of OTHER there may be several, but not the same one twice."""
    is_same = (before.reference, before.until) == (made.reference, made.until)
    return before.kind is made.kind and (made.kind is not AssuranceKind.OTHER or is_same)


def _bounded(assurances: tuple[Assurance, ...]) -> tuple[Assurance, ...]:
    """Of the kinds with a name there is one each: what makes room is the oldest of no such kind."""
    others = [each for each in assurances if each.kind is AssuranceKind.OTHER]
    too_many = others[: max(0, len(assurances) - _MOST_ASSURANCES)]
    return tuple(each for each in assurances if not any(each is old for old in too_many))

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
        words = " ".join(note.split())
        if len(words) > _LONGEST_NOTE or not words.isprintable():
            reason = f"The note is longer than {_LONGEST_NOTE} characters, or has some that cannot be seen."
            return BadInput(reason, "WM-DOMAIN-NOTE")
        domain = KnownDomain(name, is_ours, actor.id, self._clock.now(), words)
        if not self._book.add(domain):
            return BadInput(f"{name} is on record already: remove it first to change it.", "WM-DOMAIN-EXISTS")
        return domain

    def record_assurance(
        self, actor: Person, name: str, kind: AssuranceKind, reference: str, until: date
    ) -> KnownDomain | BadInput | Forbidden | None:
        """In place of what was recorded of that kind, unless the kind is OTHER. None: the domain is not on record."""
        if not actor.may(Permission.MANAGE_LISTS):
            return may_not(actor, Permission.MANAGE_LISTS)
        words, now = " ".join(reference.split()), self._clock.now()
        today = datetime.fromtimestamp(now, UTC).date()
        if not words or len(words) > _LONGEST_NOTE or not words.isprintable():
            return BadInput(f"Say where the evidence is kept, in {_LONGEST_NOTE} characters.", "WM-ASSURANCE")
        if not today <= until <= today + timedelta(days=_LONGEST_TERM):
            return BadInput("Its last day is over, or more than five years ahead.", "WM-ASSURANCE")
        made = Assurance(kind, words, until, actor.id, now)

        def with_it(before: KnownDomain) -> KnownDomain:
            kept = [each for each in before.assurances if each.kind is not kind or kind is AssuranceKind.OTHER]
            return replace(before, assurances=(*kept, made)[-_MOST_ASSURANCES:])

        return self._book.change(name, "DomainEvidenceRecorded", actor.id, with_it)

    def remove(self, actor: Person, name: str) -> bool | Forbidden:
        """False: there is none. What was found when it was looked at stays."""
        if not actor.may(Permission.MANAGE_LISTS):
            return may_not(actor, Permission.MANAGE_LISTS)
        return self._book.remove(name, actor.id)

"""Sharing agreements as people see, sign, renew and end them by the API."""

from __future__ import annotations

from datetime import date

from wardmail.app.commands.agreement import desk_of, done, existing, record_of
from wardmail.app.installation import Installation
from wardmail.manage.agreements import SignOff
from wardmail.model.person import Person
from wardmail.model.reading import Page, Record


class AgreementOffice:
    """Everything here blocks, and raises CommandFailed for what cannot be done."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def page(self, after: str, limit: int) -> Page:
        found, today = self._installation.agreements.all(), desk_of(self._installation).today
        names = sorted(name for name in found if name > after)
        shown = [record_of(found[name], today) for name in names[:limit]]
        return Page(shown, names[limit - 1] if len(names) > limit else "")

    def one(self, name: str) -> Record:
        return record_of(existing(self._installation, name), desk_of(self._installation).today)

    def sign(self, actor: Person, name: str, part: str, reason: str) -> Record:
        """`part` is one of `manage.agreements.SignOff`."""
        desk = desk_of(self._installation)
        return record_of(done(desk.sign(actor, name, SignOff(part), reason), name), desk.today)

    def renew(self, actor: Person, name: str, new_name: str, ends: date, reason: str) -> Record:
        desk = desk_of(self._installation)
        return record_of(done(desk.renew(actor, name, new_name, ends, reason), name), desk.today)

    def end(self, actor: Person, name: str, reason: str) -> Record:
        desk = desk_of(self._installation)
        return record_of(done(desk.end(actor, name, reason), name), desk.today)

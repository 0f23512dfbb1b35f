"""What a source is looked at with before it is kept: integrations, people, and the day."""

from __future__ import annotations

from wardmail.app.installation import Installation
from wardmail.app.output import today_of
from wardmail.manage.sources import Known
from wardmail.model.register import RegisterSnapshot
from wardmail.model.registration import Contact


def known_to(installation: Installation, snapshot: RegisterSnapshot) -> Known:
    people = tuple(Contact(each.name, each.email) for each in installation.people.all().values() if each.email)
    return Known(snapshot.integrations, people, today_of(installation.clock.now()))

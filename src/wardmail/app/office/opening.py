"""Opens the desks at which people work by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wardmail.app.installation import Installation
from wardmail.app.office.audit import AuditOffice
from wardmail.app.office.suppressions import SuppressionOffice
from wardmail.app.stored_records import StoredHeldRecords, StoredMessageRecords
from wardmail.outbound.world import World

if TYPE_CHECKING:
    from wardmail.web.api.office import Office


def office_of(installation: Installation, world: World) -> Office:
    from wardmail.web.api.office import Office

    return Office(
        people=installation.people,
        pepper=installation.pepper,
        world=world,
        held=StoredHeldRecords(installation.messages, installation.holds),
        holds=installation.holds,
        messages=StoredMessageRecords(installation.messages),
        waiting=installation.messages,
        suppressions=SuppressionOffice(installation),
        audit=AuditOffice(installation),
    )

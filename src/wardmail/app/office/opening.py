"""Opens the desks at which people work by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wardmail.app.installation import Installation
from wardmail.app.office.agreements import AgreementOffice
from wardmail.app.office.audit import AuditOffice
from wardmail.app.office.domains import DomainOffice
from wardmail.app.office.integrations import IntegrationOffice
from wardmail.app.office.policies import PolicyOffice
from wardmail.app.office.records import RecordOffice
from wardmail.app.office.reports import ReportOffice
from wardmail.app.office.routes import RouteOffice
from wardmail.app.office.suppressions import SuppressionOffice
from wardmail.app.office.webhooks import WebhookOffice
from wardmail.app.provider_wiring import as_vouched
from wardmail.app.stored_records import StoredHeldRecords, StoredMessageRecords
from wardmail.outbound.world import World

if TYPE_CHECKING:
    from wardmail.web.api.office import Office


def office_of(installation: Installation, world: World) -> Office:
    from wardmail.web.api.office import Office

    return Office(
        people=installation.people,
        vouched=lambda person: as_vouched(installation, person),
        pepper=installation.pepper,
        world=world,
        held=StoredHeldRecords(installation.messages, installation.holds),
        holds=installation.holds,
        messages=StoredMessageRecords(installation.messages, installation.blinder),
        waiting=installation.messages,
        suppressions=SuppressionOffice(installation),
        audit=AuditOffice(installation),
        records=RecordOffice(installation),
        integrations=IntegrationOffice(installation),
        routes=RouteOffice(installation),
        agreements=AgreementOffice(installation),
        domains=DomainOffice(installation),
        reports=ReportOffice(installation),
        webhooks=WebhookOffice(installation),
        policies=PolicyOffice(installation),
    )

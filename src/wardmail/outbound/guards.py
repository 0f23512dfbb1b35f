"""What is checked again before each attempt; a guard can hold back what was decided, never let out more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum

from wardmail.model.consignment import Consignment
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.route import Route, RouteKind


class Guard(Enum):
    """GO, WAIT (nothing is wrong with the message), or why a person must look at it now."""

    GO = ""
    WAIT = "the route is paused or missing"
    SUSPENDED = "the integration was suspended after the message was accepted"
    NOT_FOR_BULK = "it is mass mail, and its route has become a mail service of people since it was accepted"
    NOT_ACCREDITED = "it is sensitive, and the route's DCB1596 accreditation has ended since it was accepted"


def check(consignment: Consignment, route: Route | None, integrations: Mapping[str, Integration], today: date) -> Guard:
    """SEC-2 and SEND-4 at every attempt: what changed while a message waited counts."""
    if route is None or route.paused:
        return Guard.WAIT
    integration = integrations.get(consignment.integration_id)
    if integration is not None and integration.state is not IntegrationState.ACTIVE:
        return Guard.SUSPENDED
    if consignment.bulk and route.is_user_facing:
        return Guard.NOT_FOR_BULK
    if consignment.sensitive and route.kind is not RouteKind.SANDBOX:
        in_date = route.accreditation is not None and route.accreditation.expires >= today
        return Guard.GO if in_date else Guard.NOT_ACCREDITED
    return Guard.GO

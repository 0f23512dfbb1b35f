"""What the API stands on: the same desk that SMTP listeners speak to, and what can be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from wardmail.inbound.pulling import PullDesk
from wardmail.manage.address_check import AddressCheck
from wardmail.manage.client_tokens import TokenDesk
from wardmail.model.ceiling import Ceiling
from wardmail.model.integration import Integration
from wardmail.model.message import Submission
from wardmail.model.refusal import Refusal
from wardmail.model.standing import Profile
from wardmail.outbound.opened_content import ContentDesk
from wardmail.outbound.resending import ResendDesk
from wardmail.outbound.walk import Judgement
from wardmail.ports import ArrivalRecords, GivenReplies, MessageRecords, Notices, SubmissionDesk, WebhookRecords
from wardmail.web.api.office import Office, WaitingMail
from wardmail.web.login_ledger import LoginLedger


class TrialDesk(SubmissionDesk, Protocol):
    async def preview(self, submission: Submission) -> Judgement | Refusal:
        """What would be decided; nothing is stored, sent or counted."""
        ...


@dataclass(frozen=True, slots=True)
class ApiServices:
    """`largest` is the most octets that a message may have; `ceilings` of an integration are read from the store."""

    desk: TrialDesk
    ledger: LoginLedger
    check_address: Callable[[Profile, str], AddressCheck]
    messages: MessageRecords
    arrivals: ArrivalRecords
    pull: PullDesk
    replies: GivenReplies
    notices: Notices
    webhooks: WebhookRecords
    largest: int
    ceilings: Callable[[Integration], Sequence[Ceiling]]
    tokens: TokenDesk
    office: Office
    waiting: WaitingMail
    content: ContentDesk
    resend: ResendDesk


def services_of(request: Request) -> ApiServices:
    services = request.app.state.services
    assert isinstance(services, ApiServices)
    return services


def office_of(request: Request) -> Office:
    return services_of(request).office

"""Chooses what the API stands on."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from wardmail.app.failures import CONFLICT, FINDINGS, NOT_FOUND, NOT_PERMITTED, TRY_LATER, CommandFailed, FaultyRecord
from wardmail.app.inbound_wiring import inspection_by
from wardmail.app.installation import Installation
from wardmail.app.office.opening import office_of
from wardmail.app.provider_wiring import pages_address
from wardmail.app.stored_ceilings import StoredCeilings
from wardmail.app.stored_records import StoredArrivalRecords, StoredMessageRecords, StoredWebhookRecords
from wardmail.app.wiring import listener_settings
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.inbound.pulling import PullDesk
from wardmail.inbound.world import InboundWorld
from wardmail.manage.address_check import AddressCheck, checker
from wardmail.model.login import MOST_FAILURES
from wardmail.model.standing import Profile
from wardmail.outbound.opened_content import ContentDesk
from wardmail.outbound.resending import ResendDesk
from wardmail.outbound.world import World
from wardmail.store.given_replies import StoreGivenReplies
from wardmail.store.notices_feed import NoticesFeed

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from wardmail.manage.client_tokens import TokenDesk
    from wardmail.web.api.services import ApiServices, TrialDesk

_FAILURES = {
    FINDINGS: (409, "Something stands in the way"),
    NOT_PERMITTED: (403, "Your role does not allow this"),
    NOT_FOUND: (404, "There is no such thing"),
    CONFLICT: (409, "Not as things are now"),
    TRY_LATER: (503, "Not now"),
}
_MOST_FAULTS = 50


def api_services(installation: Installation, world: World, desk: TrialDesk, receiving: InboundWorld) -> ApiServices:
    from wardmail.web.api.services import ApiServices

    limits = listener_settings(installation.settings)

    def check(profile: Profile, text: str) -> AddressCheck:
        return checker(world.register.table(profile), world.clock.now)(text)

    return ApiServices(
        desk=desk,
        office=office_of(installation, world),
        # One for pages, the API and the token endpoint: who tries at all of them has no more tries. Not SMTP's, which
        # turns connections away by it: somebody at a browser must not stop the mail of the applications at that address.
        ledger=PeerLedger(replace(limits.limits, failed_logins_per_user=MOST_FAILURES)),
        check_address=check,
        messages=StoredMessageRecords(installation.messages, installation.blinder),
        arrivals=StoredArrivalRecords(installation.inbox, installation.blinder),
        pull=PullDesk(receiving),
        replies=StoreGivenReplies(installation.database),
        notices=NoticesFeed(installation.database),
        webhooks=StoredWebhookRecords(installation.webhooks),
        largest=limits.terms.max_message_size,
        ceilings=StoredCeilings(installation.limits, installation.clock).of,
        tokens=token_desk(installation, desk),
        waiting=installation.messages,
        content=ContentDesk(world, inspection_by(receiving)),
        resend=ResendDesk(world, desk.accept),
    )


def token_desk(installation: Installation, desk: TrialDesk) -> TokenDesk:
    from wardmail.manage.client_tokens import TokenDesk
    from wardmail.web.api.tokens import PATH

    address = pages_address(installation.settings)
    audiences = (address, address + PATH)
    return TokenDesk(desk, installation.provider_logins, installation.clock, installation.pepper, audiences)


def api_of(services: ApiServices) -> FastAPI:
    """What a desk refuses is told to programs in the words that it has for people at the command line."""
    from wardmail.web.api.building import build_api
    from wardmail.web.api.problem import Problem, answer_problem

    async def answer_failed(request: Request, error: Exception) -> Response:
        assert isinstance(error, CommandFailed)
        status, title = _FAILURES.get(error.status, (422, "That cannot be done"))
        if error.code.startswith("WM-LIMIT") and status == 503:
            status, title = 429, "A limit is reached"
        headers = {"Retry-After": "60"} if status in {429, 503} else {}
        faults = error.faults if isinstance(error, FaultyRecord) else ()
        errors = [{"pointer": f"/record{_pointer(where)}", "detail": why} for where, why in faults[:_MOST_FAULTS]]
        problem = Problem(status, error.code, title, f"{error.what} {error.to_do}", errors, headers=headers)
        return await answer_problem(request, problem)

    api = build_api(services, version("wardmail"))
    api.add_exception_handler(CommandFailed, answer_failed)
    return api


def _pointer(where: str) -> str:
    """`limits.connections` and `senders[0]` as RFC 6901 has them."""
    return "".join(f"/{step}" for step in re.split(r"[.\[\]]+", where) if step)

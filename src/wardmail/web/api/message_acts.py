"""`/v1/messages/{id}/cancel` and `/resend`: what is done with a message that was accepted."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from wardmail.model.delivery import RecipientState
from wardmail.model.person import Person
from wardmail.model.refusal import Refusal
from wardmail.model.resending import NotResent, Wish
from wardmail.web.api import schema
from wardmail.web.api.asker import Operating, fingerprint_of
from wardmail.web.api.messages import accepted_reply, copies_of
from wardmail.web.api.problem import Problem, problem_of
from wardmail.web.api.repetition import Keyed, once
from wardmail.web.api.schema import SMALL, Why
from wardmail.web.api.services import ApiServices, services_of

router = APIRouter(prefix="/v1/messages", tags=["messages"])

_STATUS = {"WM-RESEND-UNKNOWN": 404, "WM-RESEND-RECIPIENT": 422}


class Resending(Why):
    """`recipients` are some of the first message's; without them it goes to all to whom it may go again."""

    recipients: Annotated[list[schema.AddressText], Field(min_length=1, max_length=1_000)] | None = None


class Resent(schema.Decided):
    """`first` is the message that was sent again."""

    first: str


@router.post("/{message_id}/cancel", max_body_size=SMALL)
async def cancel(request: Request, asker: Operating, message_id: str, why: Why) -> dict[str, object]:
    """Do not send what still waits. `in_hand` copies are being sent at this moment, and held ones are left to `/v1/holds`."""
    copies, waiting = await copies_of(request, asker, message_id), services_of(request).waiting
    stop = partial(waiting.change_state, to=RecipientState.CANCELLED, actor=asker.name, reason=why.reason)
    changed = len(await asyncio.to_thread(stop, [message_id]))
    in_hand = await asyncio.to_thread(waiting.in_hand, [message_id])
    if not changed and not in_hand:
        held = any(each["status"] == "held" for each in copies)
        detail = (
            "It is held: people decide about that, at /v1/holds or on the page Held."
            if held
            else "Every copy has gone, or has ended."
        )
        raise Problem(409, "WM-MESSAGE-NOT-WAITING", "Nothing of it waits", detail)
    return {"id": message_id, "copies": changed, "in_hand": in_hand}


@router.post(
    "/{message_id}/resend",
    status_code=202,
    response_model=Resent,
    max_body_size=SMALL,
)
async def resend(request: Request, asker: Operating, message_id: str, wanted: Resending) -> Response:
    """Send it again, as a new message that goes through the register, the policy and every limit as if it came today.

    Its octets stay as they were; Resent fields go on top (RFC 5322 3.6.6). What waits, is held or was cancelled is not
    sent again. With `Idempotency-Key` (or `X-Request-ID`) a repetition within 24 hours gets the first reply again.
    """
    services = services_of(request)
    integration = str((await copies_of(request, asker, message_id))[0]["integration"])
    if not isinstance(asker.who, Person):
        request.state.sends = asker.who.integration
    named = None if wanted.recipients is None else tuple(wanted.recipients)
    wish = Wish(message_id, services.resend.new_id(), asker.name, wanted.reason, named)
    fingerprint = fingerprint_of("resend", message_id, wanted.reason, named)
    keyed = Keyed(asker.scope, integration, fingerprint, wish.new_id, {"first": message_id})
    return await once(request, keyed, partial(_taken, services, wish))


async def _taken(services: ApiServices, wish: Wish, message_id: str) -> dict[str, object]:
    done = await services.resend.send(Wish(wish.first, message_id, wish.by, wish.reason, wish.recipients))
    if isinstance(done, NotResent):
        errors = [{"pointer": "/recipients", "detail": done.reason}] if done.error == "WM-RESEND-RECIPIENT" else ()
        raise Problem(_STATUS.get(done.error, 409), done.error, "It was not sent again", done.reason, errors)
    if isinstance(done, Refusal):
        raise problem_of(done)
    return accepted_reply(done)

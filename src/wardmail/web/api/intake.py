"""Reads a message out of a request, by the rules that hold for a message by SMTP."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request

from wardmail.model.address import Address
from wardmail.model.identity import Identity
from wardmail.model.message import Envelope, MemoryBody, Origin, Recipient, Submission
from wardmail.model.refusal import Refusal
from wardmail.protocol.smtp_data import BodyCheck
from wardmail.web.api.caller import Caller, peer_of
from wardmail.web.api.composing import composed, parsed
from wardmail.web.api.problem import Problem, problem_of
from wardmail.web.api.schema import Message
from wardmail.web.api.services import ApiServices, services_of
from wardmail.web.bodies import body_within

_SMALL = 1024 * 1024
_LARGE_AT_ONCE = asyncio.Semaphore(2)
"""Large messages are in memory while they are read; SMTP, which has a spool, is for many of them."""

_JSON_OVERHEAD = 2  # base64, and characters that are escaped
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Intake:
    """`fingerprint` is the same for the same request."""

    identity: Identity
    submission: Submission
    fingerprint: str = ""


async def taken_in(
    request: Request,
    caller: Caller,
    sender: Annotated[str, Query(alias="from", max_length=320, description="For message/rfc822: the envelope.")] = "",
    to: Annotated[list[str], Query(max_length=1_000, description="For message/rfc822: the envelope.")] = [],  # noqa: B006
) -> Intake:
    """Raises Problem for what cannot be read, and for senders and recipients that are refused whatever it says."""
    services = services_of(request)
    request.state.sends = caller.integration  # whatever is answered, it is told how much it may still send
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "message/rfc822":
        sent = await _body(request, services.largest)
        envelope = _envelope(
            [parsed(each, f"/query/to/{n}") for n, each in enumerate(to)], parsed(sender, "/query/from")
        )
        raw = await asyncio.to_thread(_checked, sent, services.largest)
    elif kind == "application/json":
        sent = await _body(request, services.largest * _JSON_OVERHEAD)
        envelope, raw = await asyncio.to_thread(_from_json, sent, services.largest)
    else:
        raise Problem(415, "WM-CONTENT-TYPE", "Not this kind", "Send application/json or message/rfc822.")
    _check(services, caller, envelope, len(raw))
    fingerprint = hashlib.sha256(b"%b\n%b\n%b" % (kind.encode(), request.url.query.encode(), sent)).hexdigest()
    return Intake(caller, _submission(request, services, caller, envelope, raw), fingerprint)


async def _body(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdigit() else limit
    if size <= _SMALL:
        return await _read(request, _SMALL)
    async with _LARGE_AT_ONCE:
        return await _read(request, limit)


async def _read(request: Request, limit: int) -> bytes:
    try:
        async with asyncio.timeout(_PATIENCE):
            body = await body_within(request, limit)
    except (TimeoutError, ClientDisconnect):
        raise Problem(408, "WM-SLOW", "The request did not come to its end", "Send it again.") from None
    if body is None:
        raise problem_of(Refusal(552, "5.3.4", "The message is larger than this gateway takes", "WM-SIZE"))
    return body


def _from_json(sent: bytes, limit: int) -> tuple[Envelope, bytes]:
    message = _message(sent)
    envelope = _envelope_of(message)
    return envelope, _checked(composed(message), limit)


def _checked(raw: bytes, limit: int) -> bytes:
    check = BodyCheck(limit)
    check.admit(raw)
    fault = check.fault
    if fault is not None:
        raise problem_of(Refusal(fault.code, fault.status, fault.text, "WM-MESSAGE-OCTETS"))
    return raw


def _message(raw: bytes) -> Message:
    try:
        return Message.model_validate_json(raw)
    except ValidationError as error:
        located = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_input=False)]
        raise RequestValidationError(located) from None


def _envelope_of(message: Message) -> Envelope:
    people = [
        parsed(each, f"/{name}/{n}")
        for name, addresses in (("to", message.to), ("cc", message.cc), ("bcc", message.bcc))
        for n, each in enumerate(addresses)
    ]
    return _envelope(people, parsed(message.sender, "/from"), require_tls=message.require_tls)


def _envelope(people: list[Address], sender: Address, *, require_tls: bool = False) -> Envelope:
    if not people:
        wrong = {"pointer": "/query/to", "detail": "is missing"}
        raise Problem(422, "WM-REQUEST", "Nobody is to have it", "Name the recipients: ?to=a@b.example", [wrong])
    once = list(dict.fromkeys(people))
    utf8 = not all(str(each).isascii() for each in (sender, *once))
    return Envelope(sender, tuple(Recipient(each) for each in once), smtputf8=utf8, require_tls=require_tls)


def _check(services: ApiServices, caller: Identity, envelope: Envelope, size: int) -> None:
    refusal = services.desk.check_sender(caller, envelope.sender, size)
    if refusal is not None:
        raise problem_of(refusal)
    most = caller.integration.limits.recipients_per_message
    if len(envelope.recipients) > most:
        refusal = Refusal(550, "5.5.3", f"More than {most} recipients: send it in smaller parts", "WM-LIMIT-RCPT")
        raise problem_of(refusal)


def _submission(
    request: Request, services: ApiServices, caller: Identity, envelope: Envelope, raw: bytes
) -> Submission:
    tls = getattr(request.state, "tls", None)
    head, _, body = raw.partition(b"\r\n\r\n")
    origin = Origin(caller.integration.id, caller.credential.username, peer_of(request), "api", "https", tls)
    return Submission(
        id=services.desk.new_message_id(),
        origin=origin,
        envelope=envelope,
        head=head.removesuffix(b"\r\n") + b"\r\n",
        body=MemoryBody((body,)),
        received_at=services.desk.now(),
    )

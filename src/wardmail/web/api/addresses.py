"""`/v1/address-checks`: is it safe to e-mail these addresses? (SHARE-2)"""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from starlette.requests import Request

from wardmail.manage.address_check import AddressCheck
from wardmail.model.standing import Profile
from wardmail.model.timestamp import rfc3339
from wardmail.web.api import schema
from wardmail.web.api.caller import Caller
from wardmail.web.api.services import services_of

router = APIRouter(prefix="/v1/address-checks", tags=["address checks"])


@router.post("", response_model=schema.CheckedAddresses, max_body_size=schema.MOST_OCTETS)
async def check(request: Request, caller: Caller, wanted: schema.Addresses) -> schema.CheckedAddresses:
    """One answer for each of up to 500 addresses, with the reason, the list and its date. Nothing is kept."""
    profile = Profile(wanted.profile) if wanted.profile else caller.integration.profile
    services = services_of(request)
    items = [_record(services.check_address(profile, each)) for each in wanted.addresses]
    return schema.CheckedAddresses(items=items)


def _record(answer: AddressCheck) -> schema.CheckedAddress:
    return schema.CheckedAddress(**{**asdict(answer), "checked_at": rfc3339(answer.checked_at)})

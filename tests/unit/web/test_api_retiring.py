"""What goes away says so in its answers, in the description and on the page; tried with made-up calls."""

from __future__ import annotations

from datetime import date
from typing import cast

import httpx2
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from wardmail.app.api_pages import api_page
from wardmail.web.api.building import build_api
from wardmail.web.api.retiring import RetiringCall, RetiringField, Term
from wardmail.web.api.services import ApiServices

TERM = Term(date(2026, 12, 1), date(2027, 12, 1), "Use `GET /v1/new-things`.")


class Thing(BaseModel):
    colour: str = ""
    shade: str = ""


def made_up() -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["made up"])

    @router.get("/things/{thing}")
    async def one(thing: str) -> Thing:
        """One thing."""
        return Thing()

    @router.get("/new-things")
    async def new() -> Thing:
        """All things."""
        return Thing()

    return router


async def test_what_goes_away_says_so_and_nothing_else_does() -> None:
    retiring = (RetiringCall("GET", "/v1/things/{thing}", TERM), RetiringField("Thing", "shade", TERM))
    api = build_api(cast("ApiServices", None), "0", retiring)
    api.include_router(made_up())
    transport = httpx2.ASGITransport(app=api, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="https://gw.test") as http:
        old, new, none = [await http.get(path) for path in ("/v1/things/a", "/v1/new-things", "/v1/nothing")]
    assert old.status_code == 200
    assert old.headers["deprecation"] == "@1796083200"
    assert old.headers["sunset"] == "Wed, 01 Dec 2027 00:00:00 GMT"
    assert old.headers["link"] == '</docs/api>; rel="deprecation"; type="text/html"'
    for other in (new, none):
        assert not {"deprecation", "sunset", "link"} & set(other.headers)
    description = api.openapi()
    operation = description["paths"]["/v1/things/{thing}"]["get"]
    assert (operation["deprecated"], operation["x-sunset"]) == (True, "2027-12-01")
    assert "deprecated" not in description["paths"]["/v1/new-things"]["get"]
    fields = description["components"]["schemas"]["Thing"]["properties"]
    assert (fields["shade"]["deprecated"], "deprecated" in fields["colour"]) == (True, False)
    page = api_page(description)
    assert "One thing. Deprecated since 2026-12-01, and gone from 2027-12-01 on. Use `GET /v1/new-things`." in page


def test_a_year_is_the_least() -> None:
    with pytest.raises(ValueError, match="365 days"):
        Term(date(2026, 12, 1), date(2027, 11, 30), "Too soon.")


@pytest.mark.parametrize("wrong", [RetiringCall("GET", "/v1/no-such", TERM), RetiringField("Message", "no_such", TERM)])
def test_a_line_about_what_is_not_there_is_found(wrong: RetiringCall | RetiringField) -> None:
    with pytest.raises(KeyError):
        build_api(cast("ApiServices", None), "0", (wrong,)).openapi()

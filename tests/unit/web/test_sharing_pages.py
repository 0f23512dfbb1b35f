"""Sharing agreements on pages: recorded after a second look, signed by two, renewed, ended; by whom, and bad input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx2
import pytest

from tests.unit.web.console_kit import Console, form_token, open_console
from wardmail.model.agreement import Agreement, AgreementStanding
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.store.agreements import StoreAgreements

HOSTILE = '"><script>alert(1)</script>'
WHY = "as the board agreed"
GIVEN = {
    "name": "county-care",
    "partner": "County care",
    "domains": "county-care.example\r\n*.county-care.example",
    "purpose": "direct care",
    "information": "discharge letters",
    "document": "SharePoint 7",
    "highest": "official-sensitive",
    "protection": "verified-tls",
    "starts": "2026-11-01",
    "ends": "2027-10-31",
    "reason": WHY,
}
TODAY = date(2026, 11, 22)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def kept(console: Console) -> dict[str, Agreement]:
    return dict(StoreAgreements(console.stage.database).all())


async def post(http: httpx2.AsyncClient, path: str, at: str = "", **fields: str) -> httpx2.Response:
    return await http.post(path, data={"form_token": form_token(await http.get(at or path)), **fields})


async def test_it_is_recorded_signed_by_two_renewed_and_ended(console: Console) -> None:
    async with console.visitor("governance") as http, console.visitor("clinician") as clinician:
        answers = await post(http, "/new-agreement", **GIVEN)
        assert "Check your answers" in answers.text
        assert kept(console) == {}
        assert "County care" in (await post(http, "/new-agreement", **GIVEN, confirmed="change")).text
        done = await post(http, "/new-agreement", **GIVEN, confirmed="yes")
        one = done.headers["location"]
        assert one == "/sharing/county-care"
        assert kept(console)["county-care"].standing(TODAY) is AgreementStanding.UNSIGNED
        assert "There is an agreement" in (await post(http, "/new-agreement", **GIVEN, confirmed="yes")).text
        assert (await post(http, one, do="governance", reason=WHY)).status_code == 303
        assert (await post(http, one, do="clinical-safety", reason=WHY)).status_code == 403
        assert (await post(clinician, one, do="clinical-safety", reason=WHY)).status_code == 303
        assert kept(console)["county-care"].standing(TODAY) is AgreementStanding.IN_FORCE
        renewed = await post(http, one, do="renew", new_name="county-care-2", ends="2028-10-31", reason=WHY)
        assert renewed.headers["location"] == "/sharing/county-care-2"
        assert "Yes, end it" in (await post(http, one, do="end", reason=WHY)).text
        assert kept(console)["county-care"].ended is None
        assert (await post(http, one, do="end", reason=WHY, confirmed="yes")).status_code == 303
        assert kept(console)["county-care"].standing(TODAY) is AgreementStanding.ENDED
        listed = (await http.get("/sharing")).text
        assert "31 October 2028" in listed


async def test_nobody_signs_both_parts(console: Console) -> None:
    async with console.visitor("owner") as http:
        await post(http, "/new-agreement", **GIVEN, confirmed="yes")
        assert (await post(http, "/sharing/county-care", do="governance", reason=WHY)).status_code == 303
        both = await post(http, "/sharing/county-care", do="clinical-safety", reason=WHY)
        assert both.status_code == 409
        assert "another person must sign this one" in both.text
    assert kept(console)["county-care"].clinical_safety is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "No Name"}, "is no name"),
        ({"domains": "nhs.uk"}, "is no partner"),
        ({"domains": ""}, "needs the partner"),
        ({"ends": "soon"}, "its first and its last day"),
        ({"ends": "2031-01-01"}, "within three years"),
        ({"integrations": "nobody"}, "There is no integration nobody"),
        ({"protection": "none"}, "Choose a classification"),
        ({"partner": "a\u202eb"}, "cannot be seen"),
        ({"reason": ""}, "Say why"),
    ],
)
async def test_what_cannot_be_recorded_is_said(console: Console, changed: dict[str, str], words: str) -> None:
    async with console.visitor("governance") as http:
        answer = await post(http, "/new-agreement", **{**GIVEN, "purpose": HOSTILE, "confirmed": "yes", **changed})
    assert answer.status_code == 422
    assert words in answer.text
    assert "<script>alert" not in answer.text
    assert kept(console) == {}


@pytest.mark.parametrize("role", Role)
async def test_each_role_sees_all_and_does_what_it_may(console: Console, role: Role) -> None:
    given = Agreement(
        "care", HOSTILE, HOSTILE, HOSTILE, HOSTILE, ("care.example",), TODAY, replace_year(TODAY), lawful_basis=HOSTILE
    )
    StoreAgreements(console.stage.database).save(given, "AgreementMade", "test", HOSTILE)
    may = PERMISSIONS[role]
    async with console.visitor(role.value) as http:
        for path in ("/sharing", "/sharing/care"):
            page = await http.get(path)
            assert page.status_code == 200
            assert "<script>alert" not in page.text
        token = form_token(await http.get("/sharing/care"))
        for do, needs in (
            ("governance", Permission.MANAGE_AGREEMENTS),
            ("end", Permission.MANAGE_AGREEMENTS),
        ):
            fields = {"form_token": token, "do": do, "reason": WHY, "confirmed": "yes"}
            assert (await http.post("/sharing/care", data=fields)).status_code == (303 if needs in may else 403)
        assert (await http.get("/new-agreement")).status_code == (200 if Permission.MANAGE_AGREEMENTS in may else 403)
        assert (await http.get("/sharing/nobody")).status_code == 404
    assert (kept(console)["care"] == replace(given)) == (Permission.MANAGE_AGREEMENTS not in may)


def replace_year(day: date) -> date:
    return day.replace(year=day.year + 1)

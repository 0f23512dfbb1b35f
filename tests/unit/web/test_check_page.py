"""The page for "is it safe to email this address?": who may ask, what it says, and what it is not taken in by."""

from __future__ import annotations

from ipaddress import ip_network

import httpx2
import pytest
from starlette.applications import Starlette

from wardmail.manage.address_check import AddressCheck, checker
from wardmail.model.refusal import Unavailable
from wardmail.model.standing import Profile
from wardmail.policy.standing import StandingTable
from wardmail.web.pages.building import build_site
from wardmail.web.pages.check import MOST_ADDRESSES, CheckPage
from wardmail.web.pages.rendering import Pages, Site

NOW = 1_795_000_000.0
HERE = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))
LOOK_ALIKE = "gp@nhs.n\u0435t"


def site(check: object = None, organisation: str = "Demo trust") -> Starlette:
    asked = check or checker(StandingTable(Profile.HEALTH_AND_CARE), lambda: NOW)
    return build_site(CheckPage(Pages(Site(organisation)), asked, HERE), Starlette())  # type: ignore[arg-type]


async def ask(typed: str | None, app: Starlette | None = None, peer: str = "127.0.0.1") -> httpx2.Response:
    transport = httpx2.ASGITransport(app=app or site(), client=(peer, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="https://gw.test") as http:
        return await (http.get("/check") if typed is None else http.post("/check", data={"addresses": typed}))


@pytest.mark.parametrize(
    ("typed", "headline"),
    [
        ("gp@nhs.net", "Yes"),
        ("records@example.nhs.uk", "Not in the normal way"),
        ("someone@example.com", "Not in the normal way"),
        ("nonsense", "This is not an email address"),
        ("  gp@nhs.net  \r\n", "Yes"),
        ("gp@nhs.net.evil.example", "Not in the normal way"),
        (LOOK_ALIKE, "Not in the normal way"),
    ],
)
async def test_the_answer_is_the_first_thing_on_the_page(typed: str, headline: str) -> None:
    page = await ask(typed)
    assert page.status_code == 200
    assert f">{headline}</h2>" in page.text
    assert " November 2026" in page.text
    assert page.text.count("<h1") == 1


async def test_a_look_alike_is_named() -> None:
    assert "it is nhs.xn--" in (await ask(LOOK_ALIKE)).text


async def test_many_are_a_table_in_their_order() -> None:
    page = await ask("gp@nhs.net\nb@example.com\n\nnope")
    assert page.text.index("gp@nhs.net") < page.text.index("b@example.com") < page.text.index("nope")
    assert "3 addresses" in page.text


@pytest.mark.parametrize("typed", ["", " \n ", "a@b.example\n" * (MOST_ADDRESSES + 1), "x" * 100_000])
async def test_what_cannot_be_asked_is_said_and_linked_to_the_field(typed: str) -> None:
    page = await ask(typed)
    assert page.status_code == 422
    assert 'href="#addresses"' in page.text
    assert "<title>Error: " in page.text


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>@nhs.uk", '"><img src=x onerror=alert(1)>', "</textarea><script>", "{{ 7*7 }}"],
)
async def test_nothing_typed_becomes_markup(hostile: str) -> None:
    for typed in (hostile, f"{hostile}\n{hostile}"):
        page = await ask(typed)
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "</textarea><script>" not in page.text
        assert ">49<" not in page.text


async def test_the_organisation_is_text_too() -> None:
    assert "<b>Trust</b>" not in (await ask(None, site(organisation="<b>Trust</b>"))).text


async def test_only_who_is_within_the_network_may_ask() -> None:
    assert (await ask(None, peer="10.1.2.3")).status_code == 200
    outside = await ask("gp@nhs.net", peer="192.0.2.1")
    assert outside.status_code == 403
    assert ">Yes<" not in outside.text
    assert (await ask(None, peer="::1")).status_code == 403
    assert (await ask(None, peer="::ffff:10.1.2.3")).status_code == 200


async def test_what_cannot_be_said_is_no_yes() -> None:
    def down(_: str) -> AddressCheck:
        raise Unavailable("the register", "a test")

    page = await ask("gp@nhs.net", site(down))
    assert page.status_code == 503
    assert "Do not take this for a yes" in page.text


async def test_a_page_loads_nothing_of_others_and_is_not_kept() -> None:
    page = await ask(None)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "http://" not in page.text
    assert "https://" not in page.text


async def test_files_last_and_lead_nowhere_else() -> None:
    transport = httpx2.ASGITransport(app=site())
    async with httpx2.AsyncClient(transport=transport, base_url="https://gw.test") as http:
        for name, kind in (("nhsuk.css", "text/css"), ("start.mjs", "text/javascript")):
            file = await http.get(f"/assets/{name}")
            assert file.headers["content-type"].startswith(kind)
            assert "immutable" in file.headers["cache-control"]
        for name in ("../pages/check.py", "..%2fpages%2fcheck.py", "NOTHING"):
            assert (await http.get(f"/assets/{name}")).status_code == 404

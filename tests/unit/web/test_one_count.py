"""Who fails at the pages and at the API has one number of tries and not two, for each person and for each address."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import httpx2

from tests.unit.web.console_kit import BASE, OWN
from tests.unit.web.office_kit import PeoplesApi, opened
from wardmail.app.web_wiring import console_of
from wardmail.edges.smtp_settings import PeerLimits
from wardmail.manage.address_check import checker
from wardmail.model.login import MOST_FAILURES
from wardmail.model.person import Role
from wardmail.model.standing import Profile
from wardmail.policy.standing import StandingTable
from wardmail.web.pages.building import build_site
from wardmail.web.pages.check import CheckPage
from wardmail.web.pages.console import console_routes
from wardmail.web.pages.rendering import Pages, Site


@dataclass
class Doors:
    """The pages and the API as they are wired."""

    people: PeoplesApi
    http: httpx2.AsyncClient

    async def at_pages(self, name: str) -> int:
        form = {"name": name, "password": "a wrong password", "code": "123456"}
        return (await self.http.post("/log-in", data=form, headers=OWN)).status_code

    async def at_api(self, key: dict[str, str]) -> int:
        return (await self.http.get("/v1/holds", headers=key)).status_code


@contextlib.asynccontextmanager
async def doors(directory: Path) -> AsyncIterator[Doors]:
    async with opened(directory) as people:
        pages = Pages(Site("Demo trust"))
        console = console_of(people.installation, people.world, pages, people.app.state.services)
        table = StandingTable(Profile.HEALTH_AND_CARE)
        check = CheckPage(pages, checker(table, people.world.clock.now), (ip_network("127.0.0.0/8"),), console.desk)
        site = build_site(check, people.app, console_routes(console))
        transport = httpx2.ASGITransport(app=site, client=("192.0.2.9", 1))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as http:
            yield Doors(people, http)


def wrong(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer wmp_{name}.wrong"}


async def test_a_person_has_eight_tries_at_all_doors_together(tmp_path: Path) -> None:
    async with doors(tmp_path) as made:
        right = made.people.register("amina", Role.GOVERNANCE)
        other = made.people.register("ben", Role.GOVERNANCE)
        assert await made.at_api(right) == 200
        for n in range(MOST_FAILURES):
            assert (await made.at_pages("amina") if n % 2 else await made.at_api(wrong("amina"))) in {401, 422}
        assert await made.at_pages("amina") == 429
        assert await made.at_api(right) == 429
        assert await made.at_api(other) == 200


async def test_an_address_has_one_number_of_tries_too(tmp_path: Path) -> None:
    async with doors(tmp_path) as made:
        right = made.people.register("amina", Role.GOVERNANCE)
        for n in range(PeerLimits().failed_logins):
            assert (await made.at_pages(f"p{n}") if n % 2 else await made.at_api(wrong(f"p{n}"))) in {401, 422}
        assert await made.at_pages("amina") == 429
        assert await made.at_api(right) == 429

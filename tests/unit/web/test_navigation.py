"""The menu: what each role finds in it, and that it leads nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.web.console_kit import Console, open_console
from wardmail.model.person import Permission, Person, Role
from wardmail.web.pages.navigation import places_of


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def menu(text: str) -> list[str]:
    return re.findall(r'nhsuk-header__navigation-link" href="([^"]+)"', text)


@pytest.mark.parametrize("role", list(Role))
async def test_all_that_the_menu_leads_to_opens_for_that_role(console: Console, role: Role) -> None:
    async with console.visitor(role.value) as http:
        found = menu((await http.get("/")).text)
        assert found[:4] == ["/", "/messages", "/held", "/check"]
        assert found[-1] == "/more"
        others = re.findall(r'<li[^>]*><a href="([^"]+)"', (await http.get("/more")).text)
        assert "/settings" in others
        for each in (*found, *others):
            assert (await http.get(each)).status_code == 200, each


async def test_one_place_is_the_current_one(console: Console) -> None:
    async with console.visitor("viewer") as http:
        for path, current in (
            ("/held", 'href="/held" aria-current="page"'),
            ("/more", 'href="/more" aria-current="page"'),
        ):
            assert current in (await http.get(path)).text
        assert 'href="/more" aria-current="true"' in (await http.get("/settings")).text


def test_only_what_is_there_and_opens_is_shown() -> None:
    places = places_of({"/": (Permission.SEE,), "/policy": (Permission.APPROVE_POLICY,), "/nowhere": (), "/help": ()})
    viewer, owner = (Person(role.value, "A", roles=(role,)) for role in (Role.VIEWER, Role.OWNER))
    assert [each.address for each in places.menu(viewer)] == ["/", "/more"]
    assert [each.address for each in places.menu(owner)] == ["/", "/policy", "/more"]
    assert [each.address for each in places_of({"/": ()}).menu(viewer)] == ["/"]

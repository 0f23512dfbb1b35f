"""The documentation on pages: every link leads somewhere, what it is made of can hold no HTML, the search finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.web.console_kit import Console, open_console
from wardmail.app.documentation import library
from wardmail.app.settings_schema import SETTINGS
from wardmail.web.pages.markdown import address_of, draw


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        yield made


async def test_every_page_is_drawn_and_every_link_leads_somewhere(console: Console) -> None:
    known = {"/docs", "/check", *(f"/docs/{name}" for name in library().texts)}
    async with console.visitor() as http:
        for name in ("", *library().texts):
            page = await http.get(f"/docs/{name}".rstrip("/"))
            assert page.status_code == 200, name
            assert page.text.count("<h1") == 1, name
            main = page.text.partition("<main")[2].partition("</main>")[0]
            inner = {each.partition("#")[0] for each in re.findall(r'href="(/[^"?]*)"', main)}
            assert inner <= known, (name, inner - known)
            for anchor in re.findall(r'href="#([^"]+)"', main):
                assert f'id="{anchor}"' in main, (name, anchor)


async def test_pictures_are_shown_and_what_is_not_there_is_told(console: Console) -> None:
    async with console.visitor() as http:
        picture = await http.get("/docs/journey.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "default-src 'none'" in picture.headers["content-security-policy"]
        for name in ("nothing", "../README", "%2e%2e/%2e%2e/etc/passwd", "how-to/log-in.md"):
            assert (await http.get(f"/docs/{name}")).status_code == 404, name


async def test_the_search_finds_titles_first(console: Console) -> None:
    async with console.visitor() as http:
        found = re.findall(
            r'<li><a href="(/docs/[^"]+)">', (await http.get("/docs", params={"q": "HELD message"})).text
        )
        assert found[0] == "/docs/how-to/decide-about-held-messages"
        nothing = await http.get("/docs", params={"q": "<script>alert(1)</script>"})
        assert "0 pages" in nothing.text
        assert "<script>alert" not in nothing.text


@pytest.mark.parametrize(
    "text",
    ["# A\n<script>alert(1)</script>", "# <b>A</b>", "# A\n[x](javascript:alert(1))", "# A\n```\n</code><script>\n```"],
)
def test_no_html_comes_through(text: str) -> None:
    drawn = draw(text, "index").html
    assert "<script" not in drawn
    assert "<b>" not in drawn
    assert 'href="javascript' not in drawn


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("../reference/rules.md#why", "/docs/reference/rules#why"),
        ("log-in.md", "/docs/how-to/log-in"),
        ("../index.md", "/docs"),
        ("../../README.md", "/docs"),
        ("/check", "/check"),
        ("#here", "#here"),
        ("https://www.rfc-editor.org/", "https://www.rfc-editor.org/"),
    ],
)
def test_links_become_addresses(link: str, address: str) -> None:
    assert address_of(link, "how-to/receive-mail") == address


def test_pages_that_are_made_of_the_program_hold_all_of_it() -> None:
    texts = library().texts
    assert all(f"`{each.key}`" in texts["reference/settings"] for each in SETTINGS)
    assert "### wardmail hold release" in texts["reference/commands"]
    assert "`message.delivered`" in texts["reference/events"]
    assert "| release holds |" in texts["reference/roles"]

"""Pages in a real browser, wide and narrow, with and without scripts, by axe and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.journeys.browsing import fits
from tests.journeys.gateway import Gateway, running_sandbox
from tests.journeys.peers.ground import Authority, open_directory, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

ASKED = {
    "": "There is a problem",
    "gp@nhs.net": "Yes",
    "records@example.nhs.uk": "Not in the normal way",
    "gp@nhs.net\nnope\n" + "x" * 60 + "@" + "y" * 60 + ".example": "3 addresses",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with open_directory("pages") as directory:
        (directory / "authority").mkdir()
        with running_sandbox(directory, Authority(directory / "authority")) as made:
            wait_until(lambda: "Simulators" in made.log(), "the welcome")
            yield _address(made)


def _address(sandbox: Gateway) -> str:
    (line,) = [each for each in sandbox.log().splitlines() if each.strip().startswith("Pages")]
    return line.split()[1]


def _open(browser: Browser, width: int, scripts: bool) -> tuple[Page, list[str]]:
    # The sandbox's own authority is not in the browser's store.
    context = browser.new_context(
        ignore_https_errors=True, viewport={"width": width, "height": 900}, java_script_enabled=scripts
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if "localhost" not in request.url else None)
    return page, wrong


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_check_page(address: str, browser: Browser, width: int, scripts: bool) -> None:
    page, wrong = _open(browser, width, scripts)
    page.goto(address)
    for typed, told in ASKED.items():
        page.fill("#addresses", typed)
        page.click("button")
        page.wait_for_load_state()
        assert told in page.inner_text("main")
        assert page.locator("h1").count() == 1
        if scripts:
            fits(page, page.url)
            assert [each["id"] for each in Axe().run(page).response["violations"]] == []
    assert [each for each in wrong if "422" not in each and "data:" not in each] == []
    page.context.close()


def test_it_is_walked_by_keyboard(address: str, browser: Browser) -> None:
    page, _ = _open(browser, 1280, True)
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "addresses"
    page.keyboard.type("gp@nhs.net")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    assert "Yes" in page.inner_text("main")
    page.context.close()

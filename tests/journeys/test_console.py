"""People at work in a real browser: log in, find a message, read it, release a held one; wide, narrow, without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.gateway import Gateway, running_sandbox
from tests.journeys.peers.ground import Authority, open_directory, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

ROOM = {"width": 1280, "height": 900}
NARROW = {"width": 320, "height": 700}


class Told:
    """What the welcome says: where the console is, and how two people get in."""

    def __init__(self, sandbox: Gateway) -> None:
        self.address = re.findall(r"Console\s+(\S+)/ ", sandbox.log())[0]
        found = re.findall(r"name (\S+), password (\S+), codes (\S+) (\S+) (\S+)", sandbox.log())
        self.logins = {name: (password, iter(codes)) for name, password, *codes in found}

    def log_in(self, context: BrowserContext, name: str) -> Page:
        page = context.new_page()
        page.goto(f"{self.address}/")
        password, codes = self.logins[name]
        page.fill("#name", name)
        page.fill("#password", password)
        page.fill("#code", next(codes))
        page.keyboard.press("Enter")
        page.wait_for_url(f"{self.address}/")
        return page


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Gateway]:
    with open_directory("console") as directory:
        (directory / "authority").mkdir()
        with running_sandbox(directory, Authority(directory / "authority")) as made:
            wait_until(lambda: "Simulators" in made.log(), "the welcome")
            yield made


@pytest.fixture(scope="module")
def told(sandbox: Gateway) -> Told:
    return Told(sandbox)


def looked_at(page: Page, name: str) -> None:
    """Wide and narrow: no violation, no sideways scrolling, one heading."""
    for size in (ROOM, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.locator("h1").count() == 1
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), (name, size)
        violations = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == [], (name, size)
    page.set_viewport_size(ROOM)  # type: ignore[arg-type]


def test_a_message_is_found_read_and_a_held_one_released(sandbox: Gateway, told: Told, browser: Browser) -> None:
    sent = sandbox.run("send", "--to", "clinic@example.nhs.uk", "--subject", "Discharge", "--text", "Well.")
    held = sandbox.run("send", "--to", "held@sandbox.invalid", "--subject", "Held", "--text", "Waits.")
    sent_id, held_id = (re.findall(r"\b[0-9A-Z]{18}\b", each.stdout)[0] for each in (sent, held))
    sandbox.wait_for_states(sent_id, "delivered")
    wait_until(lambda: "held" in sandbox.states(held_id), "the hold")
    wrong: list[str] = []
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)  # type: ignore[arg-type]
    context.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    context.on("request", lambda request: wrong.append(request.url) if "localhost" not in request.url else None)
    page = context.new_page()
    page.goto(told.address)
    looked_at(page, "log-in")
    page.close()
    page = told.log_in(context, "demo")
    looked_at(page, "overview")
    page.click("text=Messages")
    page.fill("#q", "clinic@example.nhs.uk")
    page.click("button:has-text('Search')")
    looked_at(page, "messages")
    page.click("table a")
    page.wait_for_url(f"**/messages/{sent_id}")
    looked_at(page, "message")
    page.fill("#reason", "the clinic says it never came")
    page.click("text=Show the content")
    page.wait_for_url("**proof=**")
    assert "Discharge" in page.inner_text("h1")
    assert "Well." in page.frame_locator("iframe").locator("body").inner_text()
    looked_at(page, "content")
    page.click("nav >> text=Held")
    looked_at(page, "held")
    page.click("table a")
    looked_at(page, "decision")
    page.click("text=Continue")
    assert "There is a problem" in page.inner_text("main")
    looked_at(page, "errors")
    page.check("text=Send it")
    page.fill("#reason", "the recipient was phoned")
    page.click("text=Continue")
    looked_at(page, "are you sure")
    page.click("text=Yes, send it")
    looked_at(page, "told")
    assert "released" in page.inner_text("h1")
    wait_until(lambda: "held" not in sandbox.states(held_id), "the release")
    page.click("text=Check an address")
    looked_at(page, "check")
    page.click("text=Log out")
    looked_at(page, "logged out")
    page.click("text=Accessibility statement")
    looked_at(page, "accessibility")
    page.goto(f"{told.address}/messages")
    assert "Log in" in page.inner_text("h1")
    assert [each for each in wrong if "422" not in each and "data:" not in each] == []
    context.close()


def test_it_works_narrow_and_without_scripts(told: Told, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport=NARROW, java_script_enabled=False)  # type: ignore[arg-type]
    page = told.log_in(context, "demo2")
    for words in ("Messages", "Held", "Overview"):
        page.click(f"nav >> text={words}")
        assert words in page.inner_text("h1")
    page.click("text=Log out")
    assert "You are logged out" in page.inner_text("h1")
    context.close()


def test_it_is_walked_by_keyboard(told: Told, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)  # type: ignore[arg-type]
    page = told.log_in(context, "demo2")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/messages?status=sent&when=week"
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages?status=sent&when=week")
    context.close()

"""What journeys in a real browser have in common: a sandbox that told its welcome, logging in, and a look at a page."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, ViewportSize

from tests.journeys.gateway import Gateway, running_sandbox
from tests.journeys.peers.ground import Authority, open_directory, wait_until

ROOM = ViewportSize(width=1280, height=900)
NARROW = ViewportSize(width=320, height=700)


@contextlib.contextmanager
def welcoming_sandbox(name: str, *, examples: bool = False) -> Iterator[Gateway]:
    with open_directory(name) as directory:
        (directory / "authority").mkdir()
        with running_sandbox(directory, Authority(directory / "authority"), examples=examples) as made:
            wait_until(lambda: "Simulators" in made.log(), "the welcome")
            yield made


_WORDS = "three random words"
_SKELETON = """() => [...document.querySelectorAll('*')].map(each => each.tagName + [...each.attributes]
    .filter(one => !['value', 'href', 'src', 'action', 'content', 'datetime', 'title', 'd', 'aria-label'].includes(one.name))
    .map(one => one.name + one.value).sort().join()).join()"""
"""What a page is made of, without what differs from one message or moment to another."""


def skeleton(page: Page) -> str:
    """The same for pages of which axe would say the same."""
    return hashlib.sha256(page.evaluate(_SKELETON).encode()).hexdigest()


class Told:
    """What the welcome says: where the console is, and how two people get in; each code serves once."""

    def __init__(self, sandbox: Gateway) -> None:
        self.address = re.findall(r"Console\s+(\S+)/ ", sandbox.log())[0]
        found = re.findall(r"name (\S+), password (\S+), codes (\S+) (\S+) (\S+)", sandbox.log())
        self.logins = {name: (password, list(codes)) for name, password, *codes in found}

    def let_in(self, sandbox: Gateway, name: str, role: str) -> None:
        """A new person with a role, who can log in as many times as there are codes."""
        why = ("--reason", "new here")
        sandbox.do("person", "add", name, "--title", name.title(), "--role", role)
        sandbox.do("person", "password", name, *why, stdin=f"{_WORDS}\n")
        made = json.loads(sandbox.do("person", "second-factor", name, *why, "--json"))
        self.logins[name] = (_WORDS, list(made["recovery_codes"]))

    def fill(self, page: Page, name: str, path: str = "/") -> None:
        page.goto(f"{self.address}{path}")
        page.fill("#name", name)
        page.fill("#password", self.logins[name][0])

    def log_in(self, context: BrowserContext, name: str, path: str = "/") -> Page:
        page = context.new_page()
        self.fill(page, name, path)
        page.fill("#code", self.logins[name][1].pop(0))
        page.keyboard.press("Enter")
        page.wait_for_url(f"{self.address}{path}")
        return page


def fits(page: Page, what: str) -> None:
    """No sideways scrolling, once the browser has laid the page out for the size that it was just given."""
    wait_until(lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what} to fit", 20)


def looked_at(page: Page, name: str) -> None:
    """Wide and narrow: no violation, no sideways scrolling, one heading; pictured where WARDMAIL_PICTURES names a directory."""
    page.wait_for_load_state()
    for size in (ROOM, NARROW):
        page.set_viewport_size(size)
        assert page.locator("h1").count() == 1
        if pictures := os.environ.get("WARDMAIL_PICTURES"):
            file = f"{re.sub('[^a-z0-9]+', '-', name)}-{size['width']}.png"
            page.screenshot(path=str(Path(pictures) / file), full_page=True)
        fits(page, f"{name} at {size['width']} px")
        violations = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == [], (name, size)
    page.set_viewport_size(ROOM)

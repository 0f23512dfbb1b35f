"""People log in through a real OpenID provider, in a real browser, and land on the page that they wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.browsing import fits
from tests.journeys.gateway import Gateway, make_gateway, running
from tests.journeys.peers.ground import Authority, free_port, open_directory
from tests.journeys.peers.oidc_provider import CLIENT, SECRET, OpenIdProvider, openid_provider

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

PEOPLE = {
    "amina": {
        "groups": ["mail-governance"],
        "name": "Amina Khan",
        "preferred_username": "amina",
        "amr": ["pwd", "mfa"],
    },
    "dan-at-the-provider": {"groups": ["mail-governance"], "name": "D. Bell", "amr": ["mfa"]},
    "ben": {"groups": ["canteen"], "name": "Ben Okri", "preferred_username": "ben", "amr": ["mfa"]},
    "cora": {"groups": ["mail-governance"], "name": "Cora", "preferred_username": "cora", "amr": ["pwd"]},
}


@dataclass
class Ground:
    gateway: Gateway
    provider: OpenIdProvider
    address: str


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with open_directory("provider") as directory:
        (directory / "authority").mkdir()
        authority, port = Authority(directory / "authority"), free_port()
        address = f"https://localhost:{port}"
        provider = OpenIdProvider(PEOPLE, f"{address}/log-in/finish", f"{address}/log-in")
        secret = directory / "client-secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        settings = {
            "listen.https": f"127.0.0.1:{port}",
            "pages.address": address,
            "oidc.issuer": provider.issuer,
            "oidc.client_id": CLIENT,
            "oidc.client_secret": f"file:{secret}",
            "oidc.roles": "mail-governance = governance",
            "oidc.ca_file": str(authority.ca_file),
        }
        gateway = make_gateway(directory / "gateway", authority, settings=settings)
        with openid_provider(directory, authority, provider), running(gateway):
            yield Ground(gateway, provider, address)


def at_the_provider(page: Page, name: str) -> None:
    page.fill("[name=login]", name)
    page.click("button[type=submit]")


def logged_in(ground: Ground, context: BrowserContext, name: str, path: str = "/held") -> Page:
    page = context.new_page()
    page.goto(f"{ground.address}{path}")
    page.click("text=Log in with your organisation's account")
    assert page.url.startswith(ground.provider.issuer)
    at_the_provider(page, name)
    return page


def test_a_person_lands_on_the_page_they_wanted_in_the_role_of_their_group(ground: Ground, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    context.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page = logged_in(ground, context, "amina")
    page.wait_for_url(f"{ground.address}/held")
    assert "Amina Khan (governance)" in page.inner_text("header")
    listed = ground.gateway.run("person", "sessions").stdout
    assert re.search(r"\bamina\b", listed)
    page.click("text=Log out")
    page.wait_for_url(re.compile(re.escape(ground.provider.issuer) + ".*"))
    page.click("button[value=yes]")
    page.wait_for_url(f"{ground.address}/log-in*")
    page.goto(f"{ground.address}/held")
    assert "Log in" in page.inner_text("h1")
    page.click("text=Log in with your organisation's account")
    assert page.locator("[name=login]").count() == 1, "the provider's own session has ended too"
    assert [each for each in wrong if ground.address in each] == []
    context.close()


def test_without_scripts_it_works_as_well(ground: Ground, browser: Browser) -> None:
    context = browser.new_context(
        ignore_https_errors=True, java_script_enabled=False, viewport={"width": 320, "height": 700}
    )
    page = logged_in(ground, context, "amina", "/messages?status=sent")
    page.wait_for_url(f"{ground.address}/messages?status=sent")
    context.close()


def test_doctor_says_that_the_provider_answers(ground: Ground) -> None:
    said = ground.gateway.run("doctor", status=None).stdout
    assert "the identity provider answers" in said
    assert "no owner can log in by a password of this gateway" in said


def test_an_owner_says_whose_account_it_is(ground: Ground, browser: Browser) -> None:
    ground.gateway.do("person", "add", "dan", "--title", "Dan Bell", "--role", "viewer")
    why = ("--reason", "the same person")
    ground.gateway.do("person", "tie", "dan", "--subject", "dan-at-the-provider", *why)
    ground.gateway.run("person", "tie", "amina", "--subject", "dan-at-the-provider", *why, status=None)
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900})
    page = logged_in(ground, context, "dan-at-the-provider")
    page.wait_for_url(f"{ground.address}/held")
    assert "Dan Bell (governance)" in page.inner_text("header")
    context.close()


@pytest.mark.parametrize(("name", "code"), [("ben", "WM-OIDC-NO-ROLE"), ("cora", "WM-OIDC-SECOND-FACTOR")])
def test_whoever_has_no_role_or_no_second_factor_is_told_why(
    ground: Ground, browser: Browser, name: str, code: str
) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 320, "height": 700})
    page = logged_in(ground, context, name)
    page.wait_for_url(f"{ground.address}/log-in/finish*")
    assert "You are not logged in" in page.inner_text("h1")
    assert code in page.inner_text("main")
    fits(page, page.url)
    assert [each["id"] for each in Axe().run(page).response["violations"]] == []
    page.goto(f"{ground.address}/held")
    assert "Log in" in page.inner_text("h1")
    context.close()

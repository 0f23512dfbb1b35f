"""People look after their own log-in, and an owner after everybody's, in a real browser with a security key of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page
from sqlalchemy import update

from tests.journeys.browsing import NARROW, ROOM, Told, looked_at, welcoming_sandbox
from tests.journeys.gateway import Gateway
from wardmail.edges.clock import SystemClock
from wardmail.manage.account import FRESH
from wardmail.store.connection import Database
from wardmail.store.schema_of_logins import login_session

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Gateway]:
    with welcoming_sandbox("account") as made:
        yield made


@pytest.fixture(scope="module")
def told(sandbox: Gateway) -> Told:
    return Told(sandbox)


def key_of(context: BrowserContext, page: Page, *, verifies: bool = True) -> CDPSession:
    """A security key that is plugged into this page."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasUserVerification": True,
        "isUserVerified": verifies,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def test_a_security_key_is_added_lets_in_and_is_removed(told: Told, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)
    wrong: list[str] = []
    context.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page = told.log_in(context, "demo", "/account")
    looked_at(page, "account")
    key_of(context, page)
    page.fill("#key_name", "blue key")
    page.fill("#present-for-key", told.logins["demo"][0])
    page.click("text=Add a security key")
    looked_at(page, "new-key")
    page.click("text=Use the key")
    page.wait_for_url(f"{told.address}/account")
    assert "blue key" in page.inner_text("main")
    looked_at(page, "account-with-key")
    page.click("text=Log out")
    told.fill(page, "demo", "/account")
    page.click("text=Use a security key instead of a code")
    looked_at(page, "use-key")
    page.click("text=Use the key")
    page.wait_for_url(f"{told.address}/account")
    assert "security key" in page.locator("table").first.inner_text()
    page.click("text=Remove blue key")
    page.wait_for_url(f"{told.address}/account")
    assert "blue key" not in page.inner_text("main").replace("for example blue key", "")
    page.click("text=Log out")
    told.fill(page, "demo", "/account")
    page.click("text=Use a security key instead of a code")
    assert "There is a problem" in page.inner_text("main")
    assert [each for each in wrong if "422" not in each and "data:" not in each] == []
    context.close()


def test_a_key_that_did_not_verify_its_user_does_not_serve(told: Told, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)
    page = told.log_in(context, "demo", "/account")
    key_of(context, page, verifies=False)
    page.fill("#key_name", "careless key")
    page.fill("#present-for-key", told.logins["demo"][0])
    page.click("text=Add a security key")
    page.click("text=Use the key")
    page.wait_for_selector("text=Your browser had no answer from a key.")
    page.goto(f"{told.address}/account")
    assert "careless key" not in page.inner_text("main")
    context.close()


def test_somebody_ends_a_session_of_theirs_and_makes_new_codes(told: Told, browser: Browser) -> None:
    phone, desk = (browser.new_context(ignore_https_errors=True, viewport=size) for size in (NARROW, ROOM))
    there, here = told.log_in(phone, "demo2", "/account"), told.log_in(desk, "demo2", "/account")
    looked_at(here, "sessions")
    here.click("text=End all the others")
    here.wait_for_url(f"{told.address}/account")
    there.goto(f"{told.address}/held")
    assert "Log in" in there.inner_text("h1")
    here.fill("#present-for-codes", "not my password")
    here.click("text=Make new recovery codes")
    assert "That is not your present password" in here.inner_text("main")
    looked_at(here, "account-wrong")
    here.fill("#present-for-codes", told.logins["demo2"][0])
    here.click("text=Make new recovery codes")
    looked_at(here, "codes")
    told.logins["demo2"] = (told.logins["demo2"][0], here.locator(".wardmail-codes li").all_inner_texts())
    assert len(told.logins["demo2"][1]) == 10
    there = told.log_in(phone, "demo2", "/account")
    assert "You have 9 left" in there.inner_text("main")
    here.goto(f"{told.address}/people")
    assert "Your role does not allow this" in here.inner_text("h1")
    phone.close()
    desk.close()


def test_an_owner_adds_a_person_who_logs_in_and_leaves(told: Told, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)
    page = told.log_in(context, "demo", "/people")
    looked_at(page, "people")
    page.fill("#person", "cora")
    page.fill("#full_name", "Cora <b>Bell</b>")
    page.click("button:has-text('Add the person')")
    assert "A person needs a role." in page.inner_text("main")
    page.check("text=Viewer")
    page.click("button:has-text('Add the person')")
    looked_at(page, "added")
    page.click("text=Go on")
    looked_at(page, "person")
    page.fill("#new", "three random words")
    page.fill("#reason-password", "new here")
    page.click("text=Set the password")
    page.fill("#reason-second-factor", "new here")
    page.click("text=Make a new second factor")
    looked_at(page, "second-factor")
    told.logins["cora"] = ("three random words", page.locator("li:has-text('-')").all_inner_texts())
    other = browser.new_context(ignore_https_errors=True, viewport=NARROW, java_script_enabled=False)
    theirs = told.log_in(other, "cora", "/account")
    assert "Cora <b>Bell</b> (viewer)" in theirs.inner_text("header")
    page.click("text=Back to Cora")
    looked_at(page, "person-logged-in")
    page.fill("#reason-leave", "moved on")
    page.click("button:has-text('has left')")
    assert "Tick that" in page.inner_text("main")
    page.fill("#reason-leave", "moved on")
    page.check("#sure")
    page.click("button:has-text('has left')")
    page.wait_for_url(f"{told.address}/people")
    assert "Cora" not in page.inner_text("table")
    theirs.goto(f"{told.address}/account")
    assert "Log in" in theirs.inner_text("h1")
    context.close()
    other.close()


def test_a_browser_that_was_left_open_gives_nobody_a_way_in(sandbox: Gateway, told: Told, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)
    told.let_in(sandbox, "olga", "owner")
    page = told.log_in(context, "olga", "/people")
    with Database(sandbox.database, SystemClock()).write() as connection:
        connection.execute(update(login_session).values(began_at=login_session.c.began_at - FRESH))
    page.goto(f"{told.address}/people")
    looked_at(page, "people-after-ten-minutes")
    page.fill("#person", "dora")
    page.fill("#full_name", "Dora Bell")
    page.check("text=Viewer")
    page.click("button:has-text('Add the person')")
    assert "type your own password" in page.inner_text("main")
    page.fill("#present-add", told.logins["olga"][0])
    page.click("button:has-text('Add the person')")
    page.click("text=Go on")
    looked_at(page, "person-after-ten-minutes")
    page.fill("#new", "three other words")
    page.fill("#reason-password", "new here")
    page.fill("#present-password", "not my password")
    page.click("text=Set the password")
    assert "That is not your present password" in page.inner_text("main")
    looked_at(page, "person-not-confirmed")
    page.fill("#reason-revoke-key", "it stood in a chat")
    page.click("text=Revoke the key")
    assert page.locator("text=Revoke the key").count() == 0
    context.close()

"""People at work in a real browser: log in, find a message, read it, release a held one; wide, narrow, without scripts."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.journeys.browsing import NARROW, ROOM, Told, looked_at, welcoming_sandbox
from tests.journeys.gateway import Gateway
from tests.journeys.peers.ground import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Gateway]:
    with welcoming_sandbox("console") as made:
        yield made


@pytest.fixture(scope="module")
def told(sandbox: Gateway) -> Told:
    return Told(sandbox)


def test_commands_find_by_the_subject_and_by_the_applications_names(sandbox: Gateway) -> None:
    letter = b"From: app@demo.example\r\nTo: a@example.nhs.uk\r\nSubject: =?utf-8?q?Clinic_list_f=C3=BCr_Zo=C3=AB?=\r\n"
    names = b"Message-ID: <11@epr.example>\r\nWardmail-Reference: EPR 11\r\n\r\nHello\r\n"
    with smtplib.SMTP("localhost", sandbox.port) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(sandbox.directory / "tls" / "ca.pem")))
        client.login("demo", "demo")
        client.mail("app@demo.example")
        client.rcpt("a@example.nhs.uk")
        message = client.data(letter + names)[1].decode().rpartition(" ")[2]
    for typed in ("fur zoe clinic", '"Clinic list für Zoë"', "<11@epr.example>", "epr 11"):
        assert message in sandbox.run("messages", typed).stdout, typed
        assert f"Message {message}" in sandbox.run("trace", typed).stdout, typed
    assert message not in sandbox.run("messages", "clinic zzz").stdout


def test_a_message_is_found_read_and_a_held_one_released(sandbox: Gateway, told: Told, browser: Browser) -> None:
    sent = sandbox.run("send", "--to", "clinic@example.nhs.uk", "--subject", "Discharge", "--text", "Well.")
    held = sandbox.run("send", "--to", "held@sandbox.invalid", "--subject", "Held", "--text", "Waits.")
    sent_id, held_id = (re.findall(r"\b[0-9A-Z]{18}\b", each.stdout)[0] for each in (sent, held))
    sandbox.wait_for_states(sent_id, "delivered")
    wait_until(lambda: "held" in sandbox.states(held_id), "the hold")
    wrong: list[str] = []
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)
    context.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    context.on("request", lambda request: wrong.append(request.url) if "localhost" not in request.url else None)
    page = context.new_page()
    page.goto(told.address)
    looked_at(page, "log-in")
    page.close()
    page = told.log_in(context, "demo")
    looked_at(page, "overview")
    page.fill("#find", '"discharge"')
    page.press("#find", "Enter")
    page.wait_for_url("**/messages?q=**")
    looked_at(page, "messages-by-subject")
    assert page.locator(f"a[href='/messages/{sent_id}']").count() == 1
    page.fill("#q", "discharge nothing")
    page.click("button:has-text('Search')")
    page.wait_for_selector("text=No messages match")
    looked_at(page, "messages-none")
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
    context = browser.new_context(ignore_https_errors=True, viewport=NARROW, java_script_enabled=False)
    page = told.log_in(context, "demo2")
    for words in ("Messages", "Held", "Overview"):
        page.click(f"nav >> text={words}")
        assert words in page.inner_text("h1")
    page.click("text=Log out")
    assert "You are logged out" in page.inner_text("h1")
    context.close()


def test_it_is_walked_by_keyboard(told: Told, browser: Browser) -> None:
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)
    page = told.log_in(context, "demo2")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/messages?status=sent&when=week"
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages?status=sent&when=week")
    context.close()

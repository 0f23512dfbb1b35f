"""The clinic says that it never came: a developer finds the message, the mail team sends it again, governance proves it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.browsing import ROOM, Told, looked_at, welcoming_sandbox
from tests.journeys.gateway import Gateway

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

CLINIC = "relay@sandbox.invalid"
REFERENCE = "EPR-2026/42"
SUBJECT = "Discharge letter for Zoë"
WHY = "the clinic says it never came, case 12"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Gateway]:
    with welcoming_sandbox("lost-message") as made:
        yield made


@pytest.fixture(scope="module")
def lost(sandbox: Gateway) -> str:
    """A letter that went to a relay, which says no more of it."""
    letter = (
        f"From: app@demo.example\r\nTo: {CLINIC}\r\nSubject: {SUBJECT}\r\nWardmail-Reference: {REFERENCE}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\nShe is well.\r\n"
    ).encode()
    message = sandbox.send(letter, CLINIC, user="demo", sender="app@demo.example", mail_options=["SMTPUTF8"])
    sandbox.wait_for_states(message, "relayed")
    return message


@pytest.fixture(scope="module")
def people(sandbox: Gateway, browser: Browser) -> Iterator[dict[str, Page]]:
    told, contexts, found = Told(sandbox), [], {}
    for role in ("developer", "mail-operator", "governance"):
        told.let_in(sandbox, f"a-{role}", role)
        contexts.append(browser.new_context(ignore_https_errors=True, viewport=ROOM))
        found[role] = told.log_in(contexts[-1], f"a-{role}")
    yield found
    for each in contexts:
        each.close()


def test_it_is_found_and_nothing_of_it_is_shown_to_a_developer(people: dict[str, Page], lost: str) -> None:
    page = people["developer"]
    for typed in (CLINIC, REFERENCE, lost):
        sought(page, typed)
        assert page.locator(f"main a[href='/messages/{lost}']").count() == 1, typed
    sought(page, "discharge letter")
    assert "No messages match" in page.inner_text("main"), "a subject finds only for who may read it"
    looked_at(page, "lost nothing found")
    sought(page, REFERENCE)
    page.click("main table a")
    said = page.inner_text("main")
    assert "Handed on" in said
    assert f"To {CLINIC}: handed on" in said
    assert "it goes by the integration's route" in said
    assert "ask somebody in governance" in said
    assert SUBJECT not in page.content()
    assert "Send it again" not in said
    looked_at(page, "lost as a developer sees it")


def test_it_is_read_sent_again_and_proved(people: dict[str, Page], lost: str, sandbox: Gateway, tmp_path: Path) -> None:
    governance, operator = people["governance"], people["mail-operator"]
    sought(governance, '"discharge letter" zoe')
    governance.click("main table a")
    governance.fill("#reason", WHY)
    governance.click("text=Show the content")
    governance.wait_for_url("**proof=**")
    assert SUBJECT in governance.inner_text("h1")
    assert "She is well." in governance.frame_locator("iframe").locator("body").inner_text()
    again = sent_again(operator, lost)
    sandbox.wait_for_states(again, "relayed")
    governance.goto(governance.url.partition("/messages/")[0] + f"/messages/{lost}")
    said = governance.inner_text("main")
    assert f"Read by a-governance: {WHY}" in said
    assert f"Sent again by a-mail-operator, as {again}: {WHY}" in said
    looked_at(governance, "lost and sent again")
    governance.click("text=Take its evidence")
    governance.fill("#reason-evidence", WHY)
    with governance.expect_download() as taking:
        governance.click("button:has-text('Take the evidence')")
    taking.value.save_as(tmp_path / "evidence.zip")
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        proof = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert lost in proof
    assert again in proof
    assert not re.search(r"Zo(ë|\\u00eb|=C3)|She is well", proof), "nothing of what it says"


def sought(page: Page, typed: str) -> None:
    """By the box that stands on every page: in the header, or on the page of messages itself."""
    box = page.locator("input[name=q]")
    box.fill(typed)
    box.press("Enter")
    page.wait_for_url("**/messages?**")


def sent_again(page: Page, message: str) -> str:
    """Its new ID."""
    sought(page, message)
    page.click("main table a")
    assert page.locator("#reason").count() == 0, "who runs the queue does not read content"
    page.click("summary:has-text('Send it again')")
    page.check("#pick-0")
    page.fill("#reason-resend", WHY)
    page.click("text=Continue to send it again")
    page.click("text=Yes, send it again")
    page.wait_for_url("**say=again")
    looked_at(page, "lost is sent again")
    return page.url.partition("/messages/")[2].partition("?")[0]

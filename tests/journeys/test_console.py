"""People at work in a real browser: log in, find a message, read it, release a held one; wide, narrow, without scripts."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.browsing import NARROW, ROOM, Told, looked_at, welcoming_sandbox
from tests.journeys.gateway import Gateway
from tests.journeys.peers.ground import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


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
    message = sandbox.send(letter + names, "a@example.nhs.uk", user="demo", sender="app@demo.example")
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


def test_a_message_is_looked_into_sent_again_and_proved(
    sandbox: Gateway, told: Told, browser: Browser, tmp_path: Path
) -> None:
    first = handed_in(sandbox)
    sandbox.wait_for_states(first, "delivered")
    context = browser.new_context(ignore_https_errors=True, viewport=ROOM)
    page = told.log_in(context, "demo", f"/messages/{first}")
    page.fill("#reason", "a complaint, case 12")
    page.click("text=Show the content")
    page.wait_for_url("**proof=**")
    for words, name in (("Headers", "headers"), ("Source", "source"), ("Attachments", "attachments"), ("Text", "text")):
        page.click(f"nav >> text={words}")
        page.wait_for_url("**part=**")
        looked_at(page, f"message {name}")
        assert page.evaluate("document.querySelectorAll('script[src]').length") == 1
    page.click("nav >> text=Headers")
    assert "Received: " in page.frame_locator("iframe").locator("body").inner_text()
    page.click("nav >> text=Attachments")
    assert "scan.png" in page.inner_text("main")
    with page.expect_download() as saving:
        page.click("text=Save scan.png")
    assert saving.value.suggested_filename == "scan.png"
    page.goto(f"{told.address}/messages/{first}")
    page.click("text=Take its evidence")
    page.fill("#reason-evidence", "a complaint, case 12")
    looked_at(page, "message evidence")
    with page.expect_download() as taking:
        page.click("button:has-text('Take the evidence')")
    taking.value.save_as(tmp_path / "evidence.zip")
    with zipfile.ZipFile(tmp_path / "evidence.zip") as archive:
        (proof,) = [name for name in archive.namelist() if name.endswith(".html")]
        (tmp_path / "evidence.html").write_bytes(archive.read(proof))
    page.goto(f"{told.address}/messages/{first}")
    page.click("summary:has-text('Send it again')")
    page.click("text=Continue to send it again")
    assert "Choose who should get it again" in page.inner_text("main")
    looked_at(page, "message resend errors")
    page.check("#pick-0")
    page.fill("#reason-resend", "the clinic lost it")
    page.click("text=Continue to send it again")
    looked_at(page, "message send again?")
    page.dblclick(
        "text=Yes, send it again"
    )  # the second breaks off the first, so that there is no one address to wait for
    page.wait_for_selector("text=The message is sent again")
    assert page.url.endswith("say=again")
    looked_at(page, "message sent again")
    second = page.url.partition("/messages/")[2].partition("?")[0]
    sandbox.wait_for_states(second, "delivered")
    assert [each["id"] for each in sandbox.ask("messages", "scans@example.nhs.uk")] == [second, first]
    context.close()
    reader = browser.new_context(viewport=ROOM)
    page = reader.new_page()
    page.goto((tmp_path / "evidence.html").as_uri())
    looked_at(page, "evidence document")
    assert "Discharge" not in page.content()
    reader.close()


def test_the_same_at_the_command_line(sandbox: Gateway, tmp_path: Path) -> None:
    first = handed_in(sandbox)
    sandbox.wait_for_states(first, "delivered")
    (text,) = sandbox.ask("messages", "body", first, "--reason", "a complaint, case 12")
    assert (text["subject"], text["text"].strip()) == ("Discharge", "Well.")
    assert "DKIM-Signature: " in sandbox.run("messages", "headers", first, "--reason", "a complaint, case 12").stdout
    assert "WM-REASON" in sandbox.run("messages", "body", first, "--reason", " x ", status=2).stderr
    (line,) = sandbox.ask("messages", "evidence", first, "--reason", "a complaint", "--out", tmp_path / "out")
    assert [Path(each).exists() for each in line["files"]] == [True] * 3
    again = ("messages", "resend", first, "--reason", "the clinic lost it", "--yes")
    (sent,) = sandbox.ask(*again)
    assert (sent["first"], sent["to"]) == (first, "scans@example.nhs.uk")
    sandbox.wait_for_states(sent["id"], "delivered")
    assert f"as {sent['id']}" in sandbox.do("trace", first)
    assert "WM-RESEND-RECIPIENT" in sandbox.run(*again, "--to", "x@example.nhs.uk", status=6).stderr
    assert sandbox.run("messages", "resend", "X" * 18, "--reason", "the clinic lost it", status=5).returncode == 5


def handed_in(sandbox: Gateway) -> str:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "app@demo.example", "scans@example.nhs.uk", "Discharge"
    made.set_content("Well.")
    made.add_attachment(b"\x89PNG\r\n\x1a\n" + bytes(64), maintype="image", subtype="png", filename="scan.png")
    return sandbox.send(made.as_bytes(policy=SMTP), "scans@example.nhs.uk", user="demo", sender="app@demo.example")


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

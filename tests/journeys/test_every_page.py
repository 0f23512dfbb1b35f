"""Every page in a real browser, found from the routes: wide and narrow, by axe and by keyboard; and stories of two people."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.browsing import ROOM, Told, looked_at, skeleton, welcoming_sandbox
from tests.journeys.gateway import Gateway
from tests.journeys.peers.ground import wait_until
from tests.reports import A_DAY, dmarc_xml, tls_json
from tests.unit.web.console_kit import open_console
from tests.unit.web.records import RECORD
from tests.unit.web.test_every_page import filled, pages

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

WHY = "as the board agreed"
RULE = """[[rule]]
id = "no-webmail"
source = "LOCAL-7"
why = "letters do not go to webmail"
when = { recipient-is-at = "webmail.example" }
then = { refuse = { code = 550, status = "5.7.1", public = "No webmail", error = "WM-SITE-WEBMAIL" } }

[[rule.example]]
recipient = "someone@webmail.example"
outcome = "refuse"
"""
TWO_PEOPLE = """[[rule]]
id = "by-two"
source = "LOCAL-8"
why = "what goes there takes two people"
when = { recipient-is-at = "two-people.example" }
then = { hold = { two_people = true } }

[[rule.example]]
recipient = "ward@two-people.example"
outcome = "hold"
"""
CHOSEN = {"handles", "clinical", "hosting"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Gateway]:
    with welcoming_sandbox("every-page", examples=True) as made:
        wait_until(lambda: any(each["status"] == "held" for each in made.ask("messages")), "the examples", 30)
        wait_until(lambda: made.ask("quarantine", "list") != [], "the quarantine", 30)
        yield made


@pytest.fixture(scope="module")
def two(sandbox: Gateway, browser: Browser) -> Iterator[tuple[Page, Page, str, list[str]]]:
    """An owner and a colleague of information governance, where they are, and what their browsers complained of."""
    told = Told(sandbox)
    wrong: list[str] = []

    def entered(name: str) -> tuple[BrowserContext, Page]:
        context = browser.new_context(ignore_https_errors=True, viewport=ROOM)
        context.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        context.on("request", lambda request: wrong.append(request.url) if "localhost" not in request.url else None)
        return context, told.log_in(context, name)

    (one, owner), (other, colleague) = entered("demo"), entered("demo2")
    yield owner, colleague, told.address, wrong
    one.close()
    other.close()


ROLES = ("viewer", "developer", "mail-operator", "clinician")


@pytest.fixture(scope="module")
def others(sandbox: Gateway, browser: Browser) -> Iterator[dict[str, Page]]:
    """Somebody of each further role, logged in."""
    told, contexts, found = Told(sandbox), [], {}
    for role in ROLES:
        told.let_in(sandbox, f"a-{role}", role)
        contexts.append(browser.new_context(ignore_https_errors=True, viewport=ROOM))
        found[role] = told.log_in(contexts[-1], f"a-{role}", "/account")
    yield found
    for each in contexts:
        each.close()


@pytest.fixture(scope="module")
def looked_at_before() -> set[str]:
    """Skeletons of pages that were looked at: what is made alike for another role is not looked at again."""
    return set()


@pytest.fixture(scope="module")
def paths(sandbox: Gateway, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Of each page that there is, the address of one that has something on it."""
    rules = Path(sandbox.directory) / "rules.toml"
    rules.write_text(RULE)
    for name, octets in reported(int(time.time())).items():
        (Path(sandbox.directory) / name).write_bytes(octets)
        sandbox.run("report", "dmarc", "import", str(Path(sandbox.directory) / name))
    sandbox.do("domain", "add", "hospice.example", "--others", "--note", "a partner")
    sandbox.do("domain", "evidence", "hospice.example", "--kind", "dspt", "--reference", "X1", "--until", in_a_year())
    sandbox.do("policy", "apply", str(rules), "--reason", WHY)
    found = {each["status"]: each["id"] for each in sandbox.ask("messages", "--limit", "500")}
    held = found["held"]
    examples = {
        "messages": held,
        "held": held,
        "queue": found["deferred"],
        "people": "demo2",
        "webhooks": "demo",
        "integrations": "demo",
        "sharing": "pharmacy",
        "versions": "1",
        "domains": "demo.example",
        "others": "hospice.example",
        "sources": "letters",
        "quarantine": sandbox.ask("quarantine", "list")[0]["id"],
        "received": sandbox.ask("quarantine", "list")[0]["id"],
    }
    with open_console(tmp_path_factory.mktemp("routes")) as console:
        return [filled(path, examples) for path in pages(console)]


def in_a_year() -> str:
    return datetime.fromtimestamp(time.time() + 365 * A_DAY, UTC).date().isoformat()


def reported(now: int) -> dict[str, bytes]:
    """Some days as others tell them, for files."""
    found: dict[str, bytes] = {}
    for back in range(1, 9):
        rows = [
            ("192.0.2.1", 180 + 7 * back, "none", "pass", "pass"),
            ("198.51.100.9", 3 * back, "reject", "fail", "fail"),
            ("2001:db8::25", 40, "none", "pass", "fail"),
        ]
        began = now - back * A_DAY
        found[f"{back}.xml"] = dmarc_xml("demo.example", began=began, report_id=f"r{back}", rows=rows)
        day = datetime.fromtimestamp(began, UTC).date().isoformat()
        found[f"{back}.json"] = tls_json("demo.example", day=day, report_id=f"t{back}")
    return found


def walked_by_keyboard(page: Page) -> None:
    """Each stop is seen, none is a trap, and the walk goes by the menu to the foot of the page."""
    seen: list[str] = []
    page.evaluate("document.activeElement.blur()")
    for _ in range(300):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            "(() => { const e = document.activeElement; if (e === document.body) return null;"
            " const r = e.getBoundingClientRect(); return (r.width > 0 && r.height > 0) ? e.outerHTML.slice(0, 120) : '' })()"
        )
        if stop is None:
            break
        assert stop, (page.url, "a stop that nobody sees", seen[-1:])
        seen.append(stop)
        if "/accessibility" in stop:
            break
    assert "Skip to main content" in page.content()
    assert "/accessibility" in seen[-1], (page.url, seen[-3:])


@pytest.mark.parametrize("who", ["owner", "colleague", *ROLES])
def test_each_page_is_fit_for_everybody(
    two: tuple[Page, Page, str, list[str]],
    others: dict[str, Page],
    paths: list[str],
    looked_at_before: set[str],
    who: str,
) -> None:
    owner, colleague, address, wrong = two
    page = {"owner": owner, "colleague": colleague, **others}[who]
    assert len(paths) > 20
    refused = []
    for path in paths:
        answer = page.goto(f"{address}{path}")
        assert answer is not None
        if answer.status == 403:
            refused.append(path)
        else:
            assert answer.status == 200, path
        made_of = skeleton(page)
        if made_of in looked_at_before:
            assert page.locator("h1").count() == 1, path
            continue
        looked_at_before.add(made_of)
        looked_at(page, f"{who}{path}")  # the page that refuses is one as well
        walked_by_keyboard(page)
    assert bool(refused) == (who != "owner"), "an owner opens every page, and nobody else does"
    assert [each for each in wrong if "403" not in each and "data:" not in each] == []


def test_a_rule_is_approved_by_a_second_person(two: tuple[Page, Page, str, list[str]]) -> None:
    owner, colleague, address, _ = two
    owner.goto(f"{address}/policy")
    owner.click("text=Propose a change")
    owner.fill("#rules", RULE.replace("no-webmail", "no-mail-there"))
    owner.fill("#reason", WHY)
    owner.click("button:has-text('See what would change')")
    looked_at(owner, "preview")
    owner.click("button:has-text('Keep it as a draft')")
    owner.wait_for_url("**/policy/versions/*")
    one = owner.url
    owner.click("button:has-text('Check it')")
    owner.wait_for_load_state()
    assert "another person must approve it" in owner.inner_text("main")
    assert owner.locator("button:has-text('Approve it')").count() == 0
    colleague.goto(one)
    colleague.click("text=Simulate it on the last 30 days")
    assert "copies of the last 30 days would fare differently" in colleague.inner_text("main")
    looked_at(colleague, "simulated")
    colleague.fill("#reason-approve", WHY)
    colleague.click("button:has-text('Approve it')")
    colleague.wait_for_load_state()
    colleague.fill("#reason-activate", WHY)
    colleague.click("button:has-text('Put it in force')")
    looked_at(colleague, "in force?")
    colleague.click("text=Yes, put it in force")
    colleague.wait_for_url(one)
    assert "In force" in colleague.inner_text("main")
    owner.goto(f"{address}/policy/try")
    owner.fill("#sender", "app@demo.example")
    owner.fill("#to", "someone@webmail.example")
    owner.click("button:has-text('What would become of it?')")
    assert "Refuse" in owner.inner_text("main")
    looked_at(owner, "tried")


def test_an_integration_goes_live_by_two(two: tuple[Page, Page, str, list[str]], sandbox: Gateway) -> None:
    owner, colleague, address, _ = two
    base = f"{address}/integrations/demo"
    owner.goto(f"{base}/record")
    for name, value in RECORD.items():
        if name in CHOSEN:
            owner.select_option(f"#{name}", value)
        else:
            owner.fill(f"#{name}", value)
    owner.click("button:has-text('Save the record')")
    owner.wait_for_url("**saved=1")
    looked_at(owner, "record")
    owner.goto(f"{base}/go-live")
    while owner.locator("summary:has-text('Say that it is done')").count():
        owner.locator("summary:has-text('Say that it is done')").first.click()
        owner.locator("details[open] textarea").first.fill(WHY)
        owner.locator("details[open] button:has-text('It is done')").first.click()
        owner.wait_for_load_state()
    looked_at(owner, "all done")
    owner.fill("#reason-go-live", WHY)
    owner.click("button:has-text('Ask to go live')")
    owner.wait_for_load_state()
    assert "Another person of information governance must approve it" in owner.inner_text("main")
    colleague.goto(f"{base}/go-live")
    colleague.fill("#reason-go-live", WHY)
    colleague.click("button:has-text('Approve')")
    colleague.wait_for_load_state()
    assert colleague.inner_text("h1") == "Demo application is live"
    looked_at(colleague, "live")
    assert sandbox.ask("integration", "show", "demo")[0]["state"] == "live"


def test_a_secret_is_shown_once(two: tuple[Page, Page, str, list[str]]) -> None:
    owner, _, address, wrong = two
    owner.goto(f"{address}/integrations/demo/credentials")
    owner.click("text=Issue it, and show the secret once")
    owner.wait_for_load_state()
    looked_at(owner, "secret")
    username, secret = (each.inner_text() for each in owner.locator("main dd code").all())
    assert username == "demo-1"
    assert re.fullmatch(r"[A-Za-z0-9]{43}", secret)
    assert secret not in owner.url
    owner.goto(f"{address}/integrations/demo/credentials")
    assert secret not in owner.content()
    assert [each for each in wrong if "403" not in each and "data:" not in each] == []


def test_a_held_message_takes_two_where_a_rule_says_so(
    two: tuple[Page, Page, str, list[str]], sandbox: Gateway
) -> None:
    owner, colleague, address, _ = two
    in_force_by_two(sandbox, colleague, address)
    sent = sandbox.run("send", "--to", "ward@two-people.example", "--subject", "Letter", "--text", "Waits for two.")
    held = re.findall(r"\b[0-9A-Z]{18}\b", sent.stdout)[0]
    wait_until(lambda: "held" in sandbox.states(held), "the hold")
    wait_until(lambda: sandbox.ask("hold", "show", held)[0]["owner"] is not None, "an owner of the hold")
    where, choice, yes = f"{address}/held/{held}", "text=Send it", "text=Yes, send it"
    assert decided(colleague, where, choice, yes) == "Another person must agree"
    assert decided(owner, where, choice, yes, after="demo2 would release it") == "The message is released"
    wait_until(lambda: "held" not in sandbox.states(held), "the release")


def test_what_is_in_quarantine_is_released_by_two(two: tuple[Page, Page, str, list[str]], sandbox: Gateway) -> None:
    owner, colleague, address, _ = two
    kept = [each["id"] for each in sandbox.ask("quarantine", "list")]
    where, choice, yes = f"{address}/quarantine/{kept[0]}", "text=Release it to the application", "text=Yes, release it"
    assert decided(colleague, where, choice, yes) == "Another person must agree"
    assert decided(owner, where, choice, yes, after="demo2 would release it") == "The message is released"
    history = [(each.kind, each.actor) for each in sandbox.stored.history(kept[0])]
    assert ("QuarantineReleaseProposed", "demo2") in history


def decided(page: Page, where: str, choice: str, yes: str, *, after: str = "") -> str:
    """The heading of the answer; `after` is what the page said of an earlier decision."""
    page.goto(where)
    assert after in page.inner_text("main")
    page.check(choice)
    page.fill("#reason", WHY)
    page.click("text=Continue")
    page.click(yes)
    page.wait_for_load_state()
    looked_at(page, f"decided at {where.rpartition('/')[0].rpartition('/')[2]} after {after or 'nobody'}")
    return page.inner_text("h1")


def in_force_by_two(sandbox: Gateway, colleague: Page, address: str) -> None:
    """A rule that asks for two people, drafted at the command line and approved by the colleague."""
    rules = Path(sandbox.directory) / "two.toml"
    rules.write_text(TWO_PEOPLE)
    (drafted,) = sandbox.ask("policy", "apply", rules, "--reason", WHY)
    sandbox.do("policy", "check", drafted["version"])
    colleague.goto(f"{address}/policy/versions/{drafted['version']}")
    colleague.fill("#reason-approve", WHY)
    colleague.click("button:has-text('Approve it')")
    colleague.wait_for_load_state()
    sandbox.do("policy", "activate", drafted["version"], "--reason", WHY)

"""Every page that there is, found from the routes themselves: for each role, with records that an enemy wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from starlette.routing import Route

from tests.inbound_desk import MESSAGE
from tests.reports import A_DAY, ReadingHere, dmarc_xml, message, zipped
from tests.unit.web.console_kit import SENSITIVE, Console, open_console
from tests.unit.web.records import BOX, LETTERS
from tests.worlds import APP
from wardmail.assurance.report_desk import ReportDesk
from wardmail.inbound.arrival import collected
from wardmail.manage.policy_desk import PolicyDesk
from wardmail.manage.policy_text import rules_of_text
from wardmail.model.agreement import Agreement
from wardmail.model.own_domain import (
    Assurance,
    AssuranceKind,
    DomainFinding,
    DomainReport,
    KnownDomain,
    SpfTerm,
    Verdict,
)
from wardmail.model.person import Permission, Person, Role
from wardmail.model.registration import Contact, Registration
from wardmail.model.verdict import Action
from wardmail.model.webhook_endpoint import WebhookEndpoint
from wardmail.store.agreements import StoreAgreements
from wardmail.store.domain_reports import StoreDomainReports
from wardmail.store.known_domains import StoreKnownDomains
from wardmail.store.outside_reports import StoreOutsideReports
from wardmail.store.policies import StorePolicies
from wardmail.store.sources import StoreSources
from wardmail.store.webhooks import StoreWebhooks
from wardmail.web.pages.guard import Guarded

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u2066{{7*7}}'
RULES = """
[[rule]]
id = "ours"
source = "LOCAL-1"
why = '''"><script>alert(1)</script>'''
when = { recipient-is-at = "x.example" }
then = { refuse = { code = 550, status = "5.7.1", public = "<script>alert(1)</script>", error = "WM-SITE-X" } }
"""


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role, full_name=HOSTILE)
        yield made


def lying(words: str) -> DomainFinding:
    return DomainFinding("SPF", Verdict.FIX, words, words)


async def seeded(console: Console) -> dict[str, str]:
    """One hostile record of each kind; what stands in the addresses of pages for it, by the word before."""
    database = console.stage.database
    record = replace(APP.registration, purpose=HOSTILE, owner=Contact(HOSTILE, "a@trust.example"), deputy=None)
    assert isinstance(record, Registration)
    console.stage.save(replace(APP, name=HOSTILE, registration=record))
    day = date(2026, 11, 1)
    texts = (HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    agreement = Agreement("care", *texts, ("care.example",), day, day.replace(year=2027), partner_contact=HOSTILE)
    StoreAgreements(database).save(agreement, "AgreementMade", "test", HOSTILE)
    for each in (LETTERS, BOX):
        StoreSources(database).save_source(each, "test", "test")
    author, rules = Person("author", "Author", roles=(Role.GOVERNANCE,)), rules_of_text(RULES)
    assert isinstance(rules, tuple)
    PolicyDesk(StorePolicies(database), console.stage.clock).draft(author, rules, HOSTILE)
    desk = console.office
    desk.judges.action = Action.QUARANTINE
    arrived = collected(desk.world, BOX, MESSAGE)
    await desk.arrivals.put([arrived])
    desk.workers.begin_arrived(arrived)
    await desk.settle()
    endpoint = WebhookEndpoint("hook", "app", "https://hooks.example/<script>alert(1)</script>", ("keystore:hook",))
    StoreWebhooks(database).add(endpoint, "test")
    hostile = HOSTILE.replace("<", "&lt;")
    reported = dmarc_xml(began=int(console.stage.clock.at) - A_DAY, reporter=hostile, report_id=hostile)
    book = ReportDesk(StoreOutsideReports(database), ReadingHere(), lambda: ("trust.example",), console.stage.clock)
    assert (await book.take_file(reported, "oli")).kept
    assert (await book.take_message(message(zipped(reported)), HOSTILE, "")).kept
    partner = KnownDomain("hospice.example", False, HOSTILE, 0.0, HOSTILE)
    shown = Assurance(AssuranceKind.OTHER, HOSTILE, day, HOSTILE, 0.0)
    StoreKnownDomains(database).add(replace(partner, assurances=(shown,)))
    StoreDomainReports(database).keep(DomainReport("hospice.example", 1.0, (lying(HOSTILE),)))
    StoreDomainReports(database).keep(
        DomainReport("trust.example", 1.0, (lying(HOSTILE),), (SpfTerm(0, HOSTILE, 1),) * 2)
    )
    waiting = await console.send("a@nhs.net")
    held = await console.send("a@unknown.example", head=SENSITIVE)
    return {
        "messages": held,
        "held": held,
        "queue": waiting,
        "people": "viewer",
        "webhooks": "hook",
        "integrations": "app",
        "sharing": "care",
        "versions": "1",
        "domains": "trust.example",
        "others": "hospice.example",
        "sources": "letters",
        "quarantine": arrived.arrival.id,
        "received": arrived.arrival.id,
        "attachments": "1",
    }


def pages(console: Console) -> dict[str, tuple[Permission, ...]]:
    """What is shown to people who are logged in; the frame with a message's text is no page."""
    return {
        route.path: route.app.needs
        for route in console.site.routes
        if isinstance(route, Route) and isinstance(route.app, Guarded) and "GET" in (route.methods or ())
        if not route.path.endswith("/body")
    }


def filled(path: str, examples: dict[str, str]) -> str:
    """A new kind of page needs an example in `seeded`, and this says so."""
    return re.sub(r"(\w+)/\{\w+\}", lambda match: f"{match[1]}/{examples[match[1]]}", path)


@pytest.mark.parametrize("role", Role)
async def test_each_page_opens_for_whom_it_is_and_is_harmless(console: Console, role: Role) -> None:
    examples = await seeded(console)
    person = Person("x", "X", roles=(role,))
    async with console.visitor(role.value) as http:
        for path, needs in pages(console).items():
            page = await http.get(filled(path, examples))
            assert page.status_code == (200 if any(map(person.may, needs)) else 403), path
            assert page.text.count("<h1") == 1, path
            assert "<script>alert" not in page.text, path
            assert "<img src=x" not in page.text, path
            assert not re.search("[\u202a-\u202e\u2066-\u2069]", page.text), path
            assert not re.search(r"<[^>]+\s(style|on\w+)=\"", page.text), path
            assert re.findall(r"<script[^>]*>", page.text) == re.findall(
                r'<script type="module" src="/assets[^"]+">', page.text
            )
            assert page.headers["cache-control"] == "no-store", path
            assert "default-src 'none'" in page.headers["content-security-policy"], path


async def test_nobody_opens_one_without_a_log_in(console: Console) -> None:
    examples = await seeded(console)
    async with console.visitor() as http:
        for path in pages(console):
            assert (await http.get(filled(path, examples))).headers["location"].startswith("/log-in?next=")


async def test_nothing_is_changed_from_another_site(console: Console) -> None:
    """Each form, found from the routes: without our token, and from elsewhere."""
    examples = await seeded(console)
    forms = [
        route.path
        for route in console.site.routes
        if isinstance(route, Route) and isinstance(route.app, Guarded) and "POST" in (route.methods or ())
    ]
    assert len(forms) > 10
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    async with console.visitor("owner") as http:
        for path in forms:
            for headers in (elsewhere, {}):
                answer = await http.post(filled(path, examples), data={"confirmed": "yes"}, headers=headers)
                assert answer.status_code == 403, path

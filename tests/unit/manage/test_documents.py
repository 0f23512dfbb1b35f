"""Documents: both sides from one record, safe whatever stands in a field, and readable by everybody."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

from tests.registrations import COMPLETE, REGISTERED
from tests.worlds import RELAY, START

from wardmail.manage.cmdb import read_map, to_csv, values_of
from wardmail.manage.document_text import to_html, to_markdown
from wardmail.manage.documents import Subject, document
from wardmail.manage.due import due_items
from wardmail.manage.integrations import BadInput
from wardmail.model.integration import IntegrationState
from wardmail.model.registration import Ask, Contact, Hosting, Matter, SignOff
from wardmail.policy.review import ReviewTerms

NASTY = "</td><script>alert(1)</script>|`x` [a](javascript:alert(1)) ![i](https://evil.example/x) <img src=x onerror=y>"
SUBJECT = Subject(
    REGISTERED,
    RELAY,
    "gw.trust.example",
    (("TLS from the start", "gw.trust.example port 465"),),
    ReviewTerms(),
    START,
    contacts=(("mail_team", "mail@trust.example"),),
    history=(("22 November 2026 12:00 UTC", "WentLive", "bo", "agreed"),),
)
TODAY = date(2026, 11, 22)


def test_the_name_of_an_event_breaks_between_its_words_only() -> None:
    assert '<td class="whole">Went<wbr>Live</td>' in to_html(document(SUBJECT, "application"))


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [str(value) for name, value in attrs if name == "href"]
        assert not [name for name, _ in attrs if name.startswith("on")]


def saying(text: str) -> Subject:
    record = replace(
        COMPLETE, purpose=text, owner=Contact(text, "a@b.example"), upstream_service=text, migration_plan=text
    )
    history = ((text,) * 4,)
    return replace(SUBJECT, integration=replace(REGISTERED, name=text, registration=record), history=history)


def test_each_side_hears_how_to_connect_its_own_end() -> None:
    application, upstream = to_markdown(document(SUBJECT, "application")), to_markdown(document(SUBJECT, "upstream"))
    assert "gw.trust.example port 465" in application
    assert "relay.test port 587" in upstream
    assert "list of 3 November 2026" in upstream
    for text in (application, upstream):
        assert "Amina Khan" in text
        assert "IAMS-1 (recorded by amina, 22 November 2026 12:00 UTC)" in text
        assert "<https://docs.trust.example/discharge>" in text
        assert "version 0 of the record app" in text


def test_html_holds_no_markup_but_its_own() -> None:
    for side in ("application", "upstream"):
        harmless = Elements(to_html(document(saying("plain"), side)))
        elements = Elements(to_html(document(saying(NASTY), side)))
        assert sorted(elements.tags) == sorted(harmless.tags)
        assert all(link.startswith("https://") for link in elements.links)
        assert "evil.example" not in " ".join(elements.links)


def test_html_is_readable_by_everybody() -> None:
    text = to_html(document(SUBJECT, "application"))
    assert '<html lang="en-GB">' in text
    assert text.count("<h1>") == 1
    assert text.count("<table>") == text.count("<caption>")
    assert "<th>" not in text
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|url|@import)=?\(?['\"]?http", text)


def test_markdown_holds_no_markup_but_its_own() -> None:
    text = to_markdown(document(saying(NASTY), "upstream"))
    assert "<script" not in text
    assert "<img" not in text
    assert not re.findall(r"(?<!\\)\[a(?<!\\)\]", text)
    rows = [line for line in text.splitlines() if line.startswith("| **Upstream service**")]
    assert len(rows) == 1
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 3


def test_due_lists_what_is_grave_first() -> None:
    override = SignOff(Ask(Matter.OVERRIDE, "amina", START, "ill", until=date(2026, 12, 1)), "bo", START, "yes")
    records = [
        REGISTERED,
        replace(REGISTERED, id="late", registration=replace(COMPLETE, review_date=date(2026, 11, 1))),
        replace(
            REGISTERED, id="let", registration=replace(COMPLETE, review_date=TODAY, sign_offs=(override,), slsp=None)
        ),
        replace(REGISTERED, id="draft", state=IntegrationState.DRAFT),
        replace(
            REGISTERED, id="old", state=IntegrationState.RETIRED, registration=replace(COMPLETE, review_date=TODAY)
        ),
        replace(
            REGISTERED,
            id="house",
            registration=replace(COMPLETE, hosting=Hosting.ON_PREMISES, migration_ends=date(2026, 11, 1)),
        ),
    ]
    items = due_items(records, TODAY, ReviewTerms(), within=60)
    assert [(each.integration, each.kind) for each in items if each.grave] == [("late", "review")]
    assert {(each.integration, each.kind) for each in items} == {
        ("late", "review"),
        ("let", "review"),
        ("let", "override"),
        ("let", "incomplete"),
        ("house", "on-premises"),
        ("house", "incomplete"),
    }
    assert due_items([REGISTERED], TODAY, ReviewTerms(), within=100)[0].what.startswith("it falls due in 99 days")


def test_a_spreadsheet_runs_nothing() -> None:
    rows = [{"name": value} for value in ("=1+1", "+1", "-1", "@x", "\t=1", 'a,"b"', "plain")]
    lines = to_csv(rows).split("\r\n")
    assert lines[:5] == ["name", "'=1+1", "'+1", "'-1", "'@x"]
    assert lines[6:8] == ['"a,""b"""', "plain"]


def test_the_field_map_of_the_cmdb() -> None:
    fields = read_map(["u_id = correlation", "u_owner=owner_email", "u_iams = iams", "u_review = review_date"])
    assert not isinstance(fields, BadInput)
    assert values_of(REGISTERED, fields, "gw.test") == {
        "u_id": "wardmail/gw.test/app",
        "u_owner": "amina@trust.example",
        "u_iams": "IAMS-1",
        "u_review": "2027-03-01",
    }
    for lines in (["name = title"], ["name"], ["na me = title"], ["name = nothing", "x = correlation"]):
        assert isinstance(read_map(lines), BadInput)

"""The page of one message that came in: all that became of it, for whom it is, and nothing of what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from tests.inbound_desk import evidence
from tests.unit.web.console_kit import Console, open_console
from tests.unit.web.records import BOX, LETTERS
from wardmail.inbound.arrival import collected
from wardmail.inbound.pulling import PullDesk
from wardmail.inbound.quarantine import Quarantine
from wardmail.model.arrival import ArrivalState, Arrived
from wardmail.model.handover import Handover, HandoverKind, NotTaken, Taken
from wardmail.model.inspection import Finding, Inspection, Part, ScanOutcome, ScanReport, Severity
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.model.refusal import Unavailable
from wardmail.model.sender import AuthResult, DkimEvidence
from wardmail.model.verdict import Action
from wardmail.store.sources import StoreSources

HOSTILE = '"><script>alert(1)</script>\u202e'
MESSAGE = b"From: a@nhs.net\r\nSubject: Anna Example\r\n\r\nShe has measles\r\n"
FILE = "1.2/referral of Anna.zip/letter.docm"
MACRO = Finding("office-macro", Severity.DANGEROUS, 80, "letter.docm of Anna has a macro", FILE)
FOUND = Inspection(
    (
        Part("1.1", "text/plain", "text/plain", "", 17, "aa", "bb"),
        Part(FILE, "text/plain", "application/msword", "letter.docm", 12_345, "cc", "dd", (MACRO,)),
    ),
    (),
    (Finding("lookalike", Severity.NOTE, 5, "its sender looks like nhs.net"),),
)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        for each in (LETTERS, BOX):
            StoreSources(made.stage.database).save_source(each, "test", "test")
        made.office.judges.inspection = FOUND
        yield made


async def put(console: Console) -> Arrived:
    arrived = collected(console.office.world, BOX, MESSAGE)
    await console.office.arrivals.put([arrived])
    return arrived


async def came(console: Console, action: Action = Action.ACCEPT) -> str:
    desk = console.office
    desk.judges.action = action
    arrived = await put(console)
    desk.workers.begin_arrived(arrived)
    await desk.settle()
    desk.workers._is_draining = False
    return arrived.arrival.id


async def shown(console: Console, arrival_id: str, who: str = "viewer") -> str:
    """As one reads it: without tags."""
    async with console.visitor(who) as http:
        page = await http.get(f"/received/{arrival_id}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", page.text)))


async def test_it_tells_what_happened_who_sent_it_and_where_it_went(console: Console) -> None:
    failed = DkimEvidence(AuthResult.FAIL, "nhs.net", "s1", "@nhs.net", "the body was changed")
    console.office.judges.sender = replace(evidence(), dkim=(failed,))
    arrival_id = await came(console)
    text = await shown(console, arrival_id)
    for words in (
        "Handed over The application's side has taken it.",
        "Came in by results",
        "Judged. It may go to the application. SPF pass, DMARC pass; found: lookalike, office-macro; clamd says clean",
        "Handed over: 250 ok",
        "SPF Result Proved Domain nhs.net Why it is allowed",
        "DKIM Result Not proved Domain nhs.net Why the body was changed",
        "A signature under its text Yes, it may be taken as the sender’s",
        "clamd Result Found nothing",
        "Put into a Maildir",
        "/nowhere",
        "12,345 bytes",
    ):
        assert words in text, words
    for what_it_says in ("Anna Example", "measles"):
        assert what_it_says not in text


@pytest.mark.parametrize("role", Role)
async def test_what_names_files_is_for_who_may_read_content(console: Console, role: Role) -> None:
    text = await shown(console, await came(console), role.value)
    may = Permission.READ_CONTENT in PERMISSIONS[role]
    for words in ("letter.docm of Anna has a macro", "referral of Anna", "because a test says so", "nhs.net is secure"):
        assert (words in text) is may, words
    assert "office-macro How grave Dangerous" in text
    assert ("1.2, inside" in text) is not may


async def test_each_attempt_is_there_with_its_own_reason(console: Console) -> None:
    desk = console.office
    desk.judges.handover = NotTaken("the disk is full")
    arrival_id = await came(console)
    text = await shown(console, arrival_id)
    assert "Put off: the disk is full" in text.partition("Where it goes")[2]
    desk.judges.handover = NotTaken("no such box", permanent=True)
    desk.clock.at += 3_600
    await desk.workers.sweep()
    await desk.settle()
    text = await shown(console, arrival_id)
    assert "Dead letter" in text.partition("What happened")[0]
    for words in ("Put off: the disk is full", "Given up, a person must look: no such box"):
        assert words in text.partition("Where it goes")[2], words
    desk.workers._is_draining = False
    desk.judges.handover = Taken(HOSTILE)
    await PullDesk(desk.world).redrive(arrival_id, "oli", "its disk has room again")
    await desk.workers.sweep()
    await desk.settle()
    assert "Sent on its way again by oli: its disk has room again" in await shown(console, arrival_id)


async def test_waiting_for_a_scanner_is_no_attempt_to_hand_over(console: Console) -> None:
    console.office.judges.scan = Unavailable("clamd", "away")
    text = await shown(console, await came(console))
    assert "Being checked" in text
    assert "Put off: " in text.partition("Where it goes")[0]
    assert "It has not been offered to the application yet." in text
    assert "Nothing was proved or found yet" in text


async def test_what_is_kept_back_leads_to_quarantine_and_back(console: Console) -> None:
    console.office.judges.scan = ScanReport("clamd", ScanOutcome.FOUND, (HOSTILE,), why=HOSTILE)
    arrival_id = await came(console, Action.QUARANTINE)
    async with console.visitor("viewer") as http:
        page = (await http.get(f"/received/{arrival_id}")).text
        assert f'href="/quarantine/{arrival_id}"' in page
        assert f'href="/received/{arrival_id}"' in (await http.get(f"/quarantine/{arrival_id}")).text
        assert f'href="/received/{arrival_id}"' in (await http.get("/received")).text
        assert "\u202e" not in page
    await Quarantine(console.office.world).delete(arrival_id, "gwen", "nobody wants it")
    after = await shown(console, arrival_id)
    assert "gwen decided that nobody gets it: nobody wants it" in after
    assert "Look at it in quarantine" not in after


async def test_what_its_application_collects_says_so(console: Console) -> None:
    console.office.register.has(handover=Handover("app", HandoverKind.PULL))
    text = await shown(console, await came(console))
    assert "The application collects it itself" in text
    assert "has not been offered" not in text


async def test_without_the_keystore_the_rest_is_shown(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    arrival_id = await came(console)

    async def sealed(_: str) -> None:
        raise Unavailable("the keystore", "away")

    monkeypatch.setattr(console.office.arrivals, "judgement", sealed)
    text = await shown(console, arrival_id)
    assert "the keystore does not answer" in text
    assert "Handed over: 250 ok" in text


async def test_what_has_ended_says_so(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    arrival_id = await came(console)

    async def ended(_: str) -> None:
        return None

    monkeypatch.setattr(console.office.arrivals, "judgement", ended)
    assert "that has ended" in await shown(console, arrival_id)


async def test_there_is_no_page_of_what_never_came(console: Console) -> None:
    out = await console.send("a@nhs.net")
    async with console.visitor("owner") as http:
        for name in ("X" * 18, "nonsense", "..%2f..", out):
            assert (await http.get(f"/received/{name}")).status_code == 404, name
    assert await console.office.state(await came(console)) is ArrivalState.HANDED_OVER

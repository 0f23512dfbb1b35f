"""A message's page: parts of its content, attachments, sending again and evidence, harmless whatever it holds."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from tests.mail_of import PROGRAM
from tests.unit.web.console_kit import SENSITIVE, Console, form_token, open_console
from tests.worlds import HEAD
from wardmail.edges.inspection_worker import BROKEN_DOWN
from wardmail.model.person import Role
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Unavailable
from wardmail.model.resending import Wish
from wardmail.outbound.resending import ResendDesk
from wardmail.store.schema import content, message, recipient
from wardmail.web.pages.downloads import disposition

WHY = "a complaint, case 12"
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1"}
MONTH = 31 * 86_400
HOSTILE = "<script>alert(1)</script>.pdf"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def become(console: Console, message_id: str, state: str) -> None:
    with console.stage.database.write() as connection:
        where = recipient.c.message_id == message_id
        connection.execute(update(recipient).where(where).values(state=state, due_at=None))


async def with_files(console: Console, *files: tuple[str, bytes]) -> str:
    made = EmailMessage()
    made.set_content("Good morning.")
    for name, octets in files:
        made.add_attachment(octets, maintype="application", subtype="pdf", filename=name)
    raw = made.as_bytes().replace(b"\n", b"\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    return await console.send("b@nhs.net", head=HEAD + head + b"\r\n", body=body)


async def post(http: httpx2.AsyncClient, message_id: str, to: str = "", **fields: str) -> httpx2.Response:
    token = form_token(await http.get(f"/messages/{message_id}"))
    return await http.post(f"/messages/{message_id}{to}", data={"form_token": token, **fields})


async def opened(http: httpx2.AsyncClient, message_id: str) -> str:
    """The query that keeps it open."""
    answer = await post(http, message_id, "/content", reason=WHY)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[2].partition("#")[0]


# -- parts of the content


async def test_headers_and_source_are_text_in_a_frame_that_does_nothing(console: Console) -> None:
    hostile = HEAD + b"X-Evil: <script>alert(2)</script>\r\nX-Steer: \x1b[2J\r\n"
    sent = await console.send("b@nhs.net", head=hostile, body=b"<b>bold</b>\x1b[2J\xe2\x80\xae\r\n")
    async with console.visitor("governance") as http:
        query = await opened(http, sent)
        for part, holds in (("headers", "X-Evil"), ("source", "&lt;b&gt;bold&lt;/b&gt;")):
            page = await http.get(f"/messages/{sent}?{query}&part={part}")
            assert 'aria-current="page"' in page.text
            assert "X-Evil" not in page.text
            frame = await http.get(f"/messages/{sent}/body?{query}&part={part}")
            assert holds in frame.text
            assert "&lt;script&gt;alert(2)" in frame.text
            assert "<script" not in frame.text
            assert not re.search("[\x1b\u202e]", frame.text)
            assert frame.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert "Received: " in (await http.get(f"/messages/{sent}/body?{query}&part=headers")).text
        odd = await http.get(f"/messages/{sent}/body?{query}&part=../../etc")
        assert "<b" not in odd.text.partition("<body>")[2]


async def test_a_source_of_megabytes_is_cut_and_said_to_be(console: Console) -> None:
    sent = await console.send("b@nhs.net", body=b"0123456789abcdef\r\n" * 200_000)
    async with console.visitor("governance") as http:
        query = await opened(http, sent)
        assert "Only the first 256 KiB are shown." in (await http.get(f"/messages/{sent}?{query}&part=source")).text
        assert len((await http.get(f"/messages/{sent}/body?{query}&part=source")).text) < 300_000


async def test_attachments_are_listed_by_content_and_saved_as_octets(console: Console) -> None:
    sent = await with_files(console, (HOSTILE, b"%PDF-1.7\n%%EOF\n"), ("ok.pdf", b"%PDF-1.7\nx\n%%EOF\n"))
    async with console.visitor("governance") as http, console.visitor("owner") as other:
        query = await opened(http, sent)
        page = await http.get(f"/messages/{sent}?{query}&part=files")
        assert "2 attachments." in page.text
        assert "application/pdf" in page.text
        assert re.search(r"\b[0-9a-f]{64}\b", page.text)
        assert "<script>alert" not in page.text
        file = await post(http, sent, f"/attachments/1?{query}")
        assert file.content == b"%PDF-1.7\n%%EOF\n"
        assert file.headers["content-type"] == "application/octet-stream"
        assert file.headers["x-content-type-options"] == "nosniff"
        assert file.headers["content-security-policy"].startswith("sandbox")
        header = file.headers["content-disposition"]
        assert header.startswith('attachment; filename="')
        assert "<" not in header
        assert console.events("AttachmentTaken") == [("governance", {"n": 1, "size": 15, "reason": WHY})]
        assert (await post(http, sent, f"/attachments/3?{query}")).status_code == 404
        assert (await post(http, sent, "/attachments/1")).status_code == 403
        assert (await post(other, sent, f"/attachments/1?{query}")).status_code == 403
        assert len(console.events("AttachmentTaken")) == 1


async def test_what_may_do_harm_is_not_given_out(console: Console) -> None:
    sent = await with_files(console, ("letter.pdf", PROGRAM))
    async with console.visitor("governance") as http:
        query = await opened(http, sent)
        page = await http.get(f"/messages/{sent}?{query}&part=files")
        assert "It may do harm" in page.text
        assert "Save letter.pdf" not in page.text
        assert (await post(http, sent, f"/attachments/1?{query}")).status_code == 403
    assert console.events("AttachmentTaken") == []


async def test_what_could_not_be_looked_into_is_not_given_out(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = await with_files(console, ("letter.pdf", b"%PDF-1.7\n%%EOF\n"))
    monkeypatch.setattr("tests.unit.web.console_kit.inspect", lambda _: BROKEN_DOWN)
    async with console.visitor("governance") as http:
        query = await opened(http, sent)
        page = await http.get(f"/messages/{sent}?{query}&part=files")
        assert "It could not be looked into" in page.text
        assert "Save letter.pdf" not in page.text
        assert (await post(http, sent, f"/attachments/1?{query}")).status_code == 403
    assert console.events("AttachmentTaken") == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER, Role.MAIL_OPERATOR, Role.CLINICIAN])
async def test_who_does_not_read_content_gets_no_part_of_it(console: Console, role: Role) -> None:
    sent = await with_files(console, ("a.pdf", b"%PDF-1.7\n"))
    async with console.visitor("governance") as reader, console.visitor(role.value) as http:
        query = await opened(reader, sent)
        for part in ("text", "headers", "source", "files"):
            assert (await http.get(f"/messages/{sent}/body?{query}&part={part}")).status_code == 403
            page = await http.get(f"/messages/{sent}?{query}&part={part}")
            assert "a.pdf" not in page.text
            assert "Hello" not in page.text
        assert (await post(http, sent, f"/attachments/1?{query}")).status_code == 403


# -- mobile devices (SHARE-11)


async def test_a_mobile_device_gets_nothing_that_is_large_or_old(console: Console) -> None:
    large = await with_files(console, ("large.pdf", b"%PDF-1.7\n" + bytes(10 * 1024 * 1024)))
    async with console.visitor("governance") as http:
        query = await opened(http, large)
        desk = await http.get(f"/messages/{large}?{query}&part=files")
        assert "Save large.pdf" in desk.text
        http.headers.update(PHONE)
        page = await http.get(f"/messages/{large}?{query}&part=files")
        assert "larger than 10 MB" in page.text
        assert (await post(http, large, f"/attachments/1?{query}")).status_code == 403
    console.wait(MONTH)
    async with console.visitor("governance") as http:
        query = await opened(http, large)
        assert (await http.get(f"/messages/{large}/body?{query}")).status_code == 200
        http.headers.update(PHONE)
        for part in ("text", "files"):
            page = await http.get(f"/messages/{large}?{query}&part={part}")
            assert "not shown on a mobile device" in page.text
            assert "Hello" not in page.text
        assert (await http.get(f"/messages/{large}/body?{query}")).status_code == 403
        assert (await post(http, large, "/content", reason=WHY)).status_code == 403
        closed = await post(http, large, f"/attachments/1?{query}")
        assert (closed.status_code, "It is closed" in closed.text) == (403, True), "not for its size alone"
    assert len(console.events("ContentOpened")) == 2


# -- sending again


async def asked(http: httpx2.AsyncClient, message_id: str, **fields: str) -> dict[str, str]:
    """The fields of the second question."""
    page = await post(http, message_id, "/resend", **{"pick-0": "yes", "reason": WHY, **fields})
    assert "Send this message again?" in page.text, page.text
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))


async def test_a_message_is_sent_again_after_a_second_question(console: Console) -> None:
    first = await console.send("a@nhs.net", "b@nhs.net")
    become(console, first, "bounced")
    async with console.visitor("mail-operator") as http:
        fields = await asked(http, first, **{"pick-1": "yes"})
        assert console.events("MessageSentAgain") == []
        answer = await http.post(f"/messages/{first}/resend", data=fields)
        assert answer.status_code == 303
        page = await http.get(answer.headers["location"])
        assert "The message is sent again" in page.text
        assert f'href="/messages/{first}"' in page.text
        new = answer.headers["location"].partition("/messages/")[2].partition("?")[0]
        assert f'href="/messages/{new}"' in (await http.get(f"/messages/{first}?say=again")).text
        assert "The message is sent again" not in (await http.get(f"/messages/{first}?say=again")).text
    lines = await asyncio.to_thread(console.services.messages.of_message, "", new)
    assert [each["to"] for each in lines] == ["a@nhs.net", "b@nhs.net"]


async def test_a_form_that_is_sent_twice_makes_one(console: Console) -> None:
    first = await console.send("a@nhs.net")
    become(console, first, "bounced")
    async with console.visitor("mail-operator") as http:
        fields = await asked(http, first)
        answers = await asyncio.gather(*(http.post(f"/messages/{first}/resend", data=fields) for _ in range(5)))
        answers.append(await http.post(f"/messages/{first}/resend", data=fields))
    assert {each.status_code for each in answers} <= {303, 409}
    assert len({each.headers["location"] for each in answers if each.status_code == 303}) == 1
    assert len(console.events("MessageSentAgain")) == 2


async def test_an_answer_that_was_lost_after_it_was_sent_sends_nothing_twice(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, send = await console.send("a@nhs.net"), ResendDesk.send
    become(console, first, "bounced")

    async def lost(desk: ResendDesk, wish: Wish) -> Accepted:
        await send(desk, wish)
        raise Unavailable("the store", "it does not answer")

    async with console.visitor("mail-operator") as http:
        fields = await asked(http, first)
        monkeypatch.setattr(ResendDesk, "send", lost)
        assert (await http.post(f"/messages/{first}/resend", data=fields)).status_code == 503
        monkeypatch.undo()
        again = await http.post(f"/messages/{first}/resend", data=fields)
        assert (again.status_code, again.headers["location"]) == (303, f"/messages/{fields['as']}?say=again")
    assert len(console.events("MessageSentAgain")) == 2


async def test_what_is_missing_is_asked_for_and_nothing_written_is_lost(console: Console) -> None:
    first = await console.send("a@nhs.net", "b@nhs.net")
    become(console, first, "bounced")
    async with console.visitor("mail-operator") as http:
        page = await post(http, first, "/resend", reason=WHY)
        assert (page.status_code, "Choose who should get it again" in page.text) == (422, True)
        assert 'href="#pick-0"' in page.text
        assert WHY in page.text
        page = await post(http, first, "/resend", reason="x", **{"pick-1": "yes"})
        assert page.status_code == 422
        assert re.search(r'id="pick-1"[^>]*checked', page.text)
        assert not re.search(r'id="pick-0"[^>]*checked', page.text)
        fields = await asked(http, first)
        forged = {**fields, "as": "X" * 18}
        assert (await http.post(f"/messages/{first}/resend", data=forged)).status_code == 403
    assert console.events("MessageSentAgain") == []


async def test_what_became_of_it_meanwhile_is_asked_anew(console: Console) -> None:
    first = await console.send("a@nhs.net")
    become(console, first, "bounced")
    async with console.visitor("mail-operator") as http:
        fields = await asked(http, first)
        become(console, first, "held")
        page = await http.post(f"/messages/{first}/resend", data=fields)
        assert (page.status_code, "It was not sent again" in page.text) == (409, True)
        become(console, first, "bounced")
        assert (await http.post(f"/messages/{first}/resend", data=fields)).status_code == 303


async def test_what_waits_is_not_offered(console: Console) -> None:
    waiting = await console.send("a@nhs.net")
    held = await console.send("someone@unknown.example", head=SENSITIVE)
    async with console.visitor("mail-operator") as http:
        for message in (waiting, held):
            page = await http.get(f"/messages/{message}")
            assert "It cannot be sent again now" in page.text
            assert "pick-0" not in page.text


async def test_a_report_of_the_gateway_itself_is_not_offered(console: Console) -> None:
    first = await console.send("a@nhs.net")
    become(console, first, "bounced")
    with console.stage.database.write() as connection:
        connection.execute(update(message).where(message.c.id == first).values(via="report"))
    async with console.visitor("mail-operator") as http:
        page = (await http.get(f"/messages/{first}")).text
    assert "Send it again" not in page
    assert "cannot be sent again" not in page


async def test_the_page_says_how_long_content_is_kept(console: Console) -> None:
    first = await console.send("a@nhs.net")
    become(console, first, "bounced")
    until = console.stage.clock.at + 86_400
    async with console.visitor("owner") as http:
        for values, words, is_offered in (
            ({"content_until": until}, "23 November 2026", True),
            ({"content_until": 0.0}, "and now for as long as it waits or a legal hold keeps it", True),
            ({"data_key": None}, "Its content is not kept any more: its term has ended.", False),
        ):
            with console.stage.database.write() as connection:
                connection.execute(update(message).where(message.c.id == first).values(**values))
            page = (await http.get(f"/messages/{first}")).text
            assert words in page
            assert ("pick-0" in page) is is_offered
            assert ("Why do you need to read it?" in page) is is_offered
            assert ("It cannot be sent again: its content is not kept any more." in page) is not is_offered


async def test_a_reason_steers_nobody_s_terminal(console: Console) -> None:
    first = await console.send("a@nhs.net")
    become(console, first, "bounced")
    async with console.visitor("mail-operator") as http:
        page = await post(http, first, "/resend", **{"pick-0": "yes", "reason": "lost\x1b[2J\u202ethere\r\nnow"})
    assert "Your reason: lost [2J there now" in page.text


async def test_who_would_send_it_once_more_hears_that_somebody_did(console: Console) -> None:
    first = await console.send("a@nhs.net")
    become(console, first, "bounced")
    async with console.visitor("mail-operator") as http:
        fields = await asked(http, first)
        new = (await http.post(f"/messages/{first}/resend", data=fields)).headers["location"].partition("?")[0]
        page = await post(http, first, "/resend", **{"pick-0": "yes", "reason": WHY})
    assert "It was sent again once already, the last time by mail-operator" in page.text
    assert f"as {new.rpartition('/')[2]}." in page.text


async def test_the_content_may_be_gone(console: Console) -> None:
    first = await console.send("a@nhs.net")
    become(console, first, "bounced")
    with console.stage.database.write() as connection:
        connection.execute(content.delete())
    async with console.visitor("owner") as http:
        fields = await asked(http, first)
        page = await http.post(f"/messages/{first}/resend", data=fields)
        assert "its term has ended" in page.text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER, Role.GOVERNANCE, Role.CLINICIAN])
async def test_other_roles_do_not_send_again(console: Console, role: Role) -> None:
    first = await console.send("a@nhs.net")
    become(console, first, "bounced")
    async with console.visitor(role.value) as http:
        assert "Send it again" not in (await http.get(f"/messages/{first}")).text
        assert (await post(http, first, "/resend", reason=WHY, **{"pick-0": "yes"})).status_code == 403


# -- evidence


async def test_evidence_is_a_signed_archive_and_in_the_audit(console: Console) -> None:
    sent = await console.send("a@nhs.net", head=HEAD.replace(b"Hello", b"Zebra"))
    async with console.visitor("governance") as http:
        assert (await post(http, sent, "/evidence", reason="x")).status_code == 422
        taken = await post(http, sent, "/evidence", reason=WHY)
        assert taken.headers["content-type"] == "application/zip"
        assert f"Evidence of it taken by governance: {WHY}" in (await http.get(f"/messages/{sent}")).text
    with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
        files = {name.rpartition("-")[2].partition(".")[2]: archive.read(name) for name in archive.namelist()}
    assert set(files) == {"html", "json", "manifest.json"}
    assert json.loads(files["json"])["id"] == sent
    assert not any(b"Zebra" in each for each in files.values())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER, Role.MAIL_OPERATOR, Role.CLINICIAN])
async def test_other_roles_take_none(console: Console, role: Role) -> None:
    sent = await console.send("a@nhs.net")
    async with console.visitor(role.value) as http:
        assert "Take its evidence" not in (await http.get(f"/messages/{sent}")).text
        assert (await post(http, sent, "/evidence", reason=WHY)).status_code == 403


# -- names of files


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("letter.pdf", "letter.pdf"),
        ('a"; filename="x.exe', "a__ filename=_x.exe".replace("=", "_")),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\a\\b.txt", "C__a_b.txt"),
        ("\r\nSet-Cookie: a=b", "__Set-Cookie_ a_b"),
        ("...", "saved.bin"),
        ("", "saved.bin"),
        ("Ä.pdf", "_.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_no_name_leaves_its_place(name: str, plain: str) -> None:
    made = disposition(name, "saved.bin")
    assert re.fullmatch(r"attachment; filename=\"([^\"\\/]+)\"; filename\*=UTF-8''[A-Za-z0-9%._~-]+", made), made
    assert made.partition('"')[2].partition('"')[0] == plain

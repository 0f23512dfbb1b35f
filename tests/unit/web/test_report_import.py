"""Files of reports that somebody sends by the page: the rules of the command, and whatever a hostile form may try."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Message

from tests.reports import A_DAY, dmarc_xml, zipped
from tests.unit.web.console_kit import BASE, Console, form_token, open_console
from wardmail.assurance.report_reading import LARGEST
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.web.pages import upload
from wardmail.web.pages.upload import FormTooLarge, SentForm, form_of, read_upload

IMPORT = "/domains/reports/import"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


def report(console: Console, **changed: object) -> bytes:
    return zipped(dmarc_xml(began=int(console.stage.clock.at) - A_DAY, **changed))  # type: ignore[arg-type]


async def send(http: httpx2.AsyncClient, octets: bytes, token: str = "", **headers: str) -> httpx2.Response:
    fields = {"form_token": token or form_token(await http.get("/account"))}
    return await http.post(IMPORT, data=fields, files={"file": ("<b>.zip", octets)}, headers=headers)


async def test_a_file_is_taken_in_once_and_is_in_the_audit(console: Console) -> None:
    async with console.visitor("governance") as http:
        assert "Import reports from a file" in (await http.get("/domains")).text
        first = await send(http, report(console))
        assert first.status_code == 200
        assert "1 report is new.</p>" in first.text
        again = await send(http, report(console))
        assert "0 reports are new. 1 was here already" in again.text
        assert "1 report in the last 30 days" in (await http.get("/domains/reports/dmarc")).text
    assert console.events("ReportImported") == [("governance", {"kind": "dmarc"})]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "Choose a file"),
        (b"Dear team", "There is no report in it"),
        (b"PK\x03\x04rubbish", "sound"),
        (b"<feedback/>", "There is a problem"),
        (b"\x00\xff" * 500, "There is no report in it"),
        (b"x" * (LARGEST + 1), "10 MB at most"),
    ],
)
async def test_what_cannot_be_taken_is_said_in_words(console: Console, octets: bytes, words: str) -> None:
    async with console.visitor("governance") as http:
        answer = await send(http, octets)
    assert answer.status_code == (413 if len(octets) > LARGEST else 422)
    assert words in answer.text
    assert "<b>" not in answer.text
    assert console.events("ReportImported") == []


async def test_a_report_about_others_is_refused(console: Console) -> None:
    async with console.visitor("governance") as http:
        answer = await send(http, report(console, domain="stranger.example"))
    assert answer.status_code == 422
    assert "none of ours" in answer.text


@pytest.mark.parametrize("role", Role)
async def test_only_who_may_manage_lists_imports(console: Console, role: Role) -> None:
    may = Permission.MANAGE_LISTS in PERMISSIONS[role]
    async with console.visitor(role.value) as http:
        assert (await http.get(IMPORT)).status_code == (200 if may else 403)
        assert (IMPORT in (await http.get("/domains")).text) == may
        assert (await send(http, report(console))).status_code == (200 if may else 403)


async def test_a_form_of_another_site_or_without_a_token_takes_nothing(console: Console) -> None:
    async with console.visitor("governance") as http, console.visitor() as stranger:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await send(http, report(console), **headers)).status_code == 403
        assert (await send(http, report(console), token="0" * 64)).status_code == 403
        odd = {"form_token": form_token(await http.get("/account"))}
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/mixed"):
            answer = await http.post(IMPORT, data=odd, headers={"Content-Type": kind})
            assert answer.status_code == (400 if kind == "multipart/form-data" else 422), kind
        late = await send(stranger, b"--x private words", token="0" * 64)
        assert late.status_code == 401
        assert "private words" not in late.text
    assert console.events("ReportImported") == []


async def test_a_form_that_never_comes_is_waited_for_no_longer_than_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "_SECONDS", 0.0)

    async def never() -> Message:
        await asyncio.Event().wait()
        return {}

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    with pytest.raises(TimeoutError):
        await read_upload(Request({"type": "http", "headers": headers}, never), 100)


@pytest.mark.parametrize(("declared", "read"), [(b"", 3), (b"nonsense", 3), (b"%d" % (200_000), 0)])
async def test_of_a_form_without_end_no_more_is_read_than_may_come(declared: bytes, read: int) -> None:
    pieces: list[int] = []

    async def more() -> Message:
        pieces.append(1)
        return {"type": "http.request", "body": b"x" * 33_000, "more_body": len(pieces) < 50}

    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", declared)]
    with pytest.raises(FormTooLarge):
        await read_upload(Request({"type": "http", "headers": headers}, more), 1_000)
    assert len(pieces) == read


def part(head: bytes, content: bytes) -> bytes:
    return b"--x\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


FIELD = part(b'Content-Disposition: form-data; name="form_token"', b"t")
FILE = part(b'content-disposition: form-data; name="file"; filename="a.zip"\r\nContent-Type: text/x', b"\r\n--y\x00")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (FIELD + FILE + b"--x--\r\n", SentForm({"form_token": "t"}, b"\r\n--y\x00")),
        (
            FILE + FIELD + FIELD.replace(b"\r\nt\r\n", b"\r\nother\r\n") + b"--x--",
            SentForm({"form_token": "t"}, b"\r\n--y\x00"),
        ),
        (part(b'Content-Disposition: form-data; filename="; name="', b"z") + b"--x--", SentForm({}, b"z")),
        (part(b"Content-Type: text/plain", b"z") + b"--x--", SentForm({})),
        (part(b'Content-Disposition: attachment; name="form_token"', b"z") + b"--x--", SentForm({})),
        (b"--x--", SentForm({})),
    ],
)
def test_a_form_is_read_as_it_was_sent(body: bytes, found: SentForm) -> None:
    assert form_of(body, b"x", 100) == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        FIELD,
        FIELD * 21 + b"--x--",
        b"--xx\r\n--x--",
        part(b"A: " + b"a" * 5000, b"") + b"--x--",
        b"rubbish",
    ],
)
def test_a_form_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="form"):
        form_of(body, b"x", 100)


def test_a_file_has_a_limit_of_its_own() -> None:
    with pytest.raises(FormTooLarge):
        form_of(FILE + b"--x--", b"x", 4)


async def test_the_page_leads_back(console: Console) -> None:
    async with console.visitor("owner") as http:
        page = (await http.get(IMPORT)).text
    assert 'enctype="multipart/form-data"' in page
    assert BASE not in page

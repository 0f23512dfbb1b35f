"""`/v1/messages` over the real walk and store."""

from __future__ import annotations

import base64
import email
import email.policy
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.web.api_kit import LARGEST, Api, opened

LETTER = {"from": "app@trust.example", "to": ["a@nhs.net"], "subject": "Hello", "text": "Good morning."}
RAW = b"From: app@trust.example\r\nSubject: raw\r\n\r\nGood morning.\r\n"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as made:
        yield made


async def stored(api: Api, message_id: str) -> tuple[bytes, bytes]:
    head, body = await api.stage.world.queue.read_content(message_id, 0)
    return head, b"".join(body.chunks())


async def test_what_is_accepted_is_stored_and_can_be_followed(api: Api) -> None:
    answer = await api.http.post("/v1/messages", json=LETTER | {"cc": ["b@example.com"]}, headers=api.key)
    assert answer.status_code == 202
    taken = answer.json()
    assert [(each["to"], each["outcome"]) for each in taken["recipients"]] == [
        ("a@nhs.net", "deliver"),
        ("b@example.com", "deliver"),
    ]
    assert answer.headers["location"] == f"/v1/messages/{taken['id']}"
    shown = (await api.http.get(answer.headers["location"], headers=api.key)).json()
    assert [each["status"] for each in shown["recipients"]] == ["accepted", "accepted"]
    events = (await api.http.get(answer.headers["location"] + "/events", headers=api.key)).json()["items"]
    assert events[0]["type"] == "MessageAccepted"
    head, body = await stored(api, taken["id"])
    made = email.message_from_bytes(head + b"\r\n" + body, policy=email.policy.default)
    assert (made["subject"], made.get_content().strip()) == ("Hello", "Good morning.")


async def test_a_letter_with_everything(api: Api) -> None:
    pdf = b"%PDF-1.7\n" + bytes(range(256))
    letter = LETTER | {
        "to": ["zoe@nhs.net"],
        "bcc": ["hidden@nhs.net"],
        "reply_to": "desk@trust.example",
        "subject": "Ärger über €",
        "html": "<p>Good morning.</p>",
        "time_critical": True,
        "classification": "official-sensitive",
        "attachments": [
            {"filename": "Ä.pdf", "content_type": "application/pdf", "content": base64.b64encode(pdf).decode()}
        ],
    }
    answer = await api.http.post("/v1/messages", json=letter, headers=api.key)
    assert answer.status_code == 202
    assert [each["to"] for each in answer.json()["recipients"]] == ["zoe@nhs.net", "hidden@nhs.net"]
    head, body = await stored(api, answer.json()["id"])
    made = email.message_from_bytes(head + b"\r\n" + body, policy=email.policy.default)
    assert b"hidden" not in head + body
    assert made["subject"] == "Ärger über €"
    (attachment,) = made.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()) == ("Ä.pdf", pdf)
    (line,) = (await api.http.get("/v1/messages?q=hidden@nhs.net", headers=api.key)).json()["items"]
    assert (line["classification"], line["time_critical"]) == ("OFFICIAL-SENSITIVE", True)


async def test_octets_of_a_message_go_as_they_are(api: Api) -> None:
    where = "/v1/messages?from=app@trust.example&to=a@nhs.net&to=b@nhs.net&to=a@nhs.net"
    answer = await api.http.post(where, content=RAW, headers=api.key | {"Content-Type": "message/rfc822"})
    assert [each["to"] for each in answer.json()["recipients"]] == ["a@nhs.net", "b@nhs.net"]
    head, body = await stored(api, answer.json()["id"])
    assert b"\r\nFrom: app@trust.example\r\nSubject: raw\r\n" in head
    assert body == b"Good morning.\r\n"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (RAW.replace(b"\r\n", b"\n"), 422, "WM-MESSAGE-OCTETS"),
        (RAW + b"\0", 422, "WM-MESSAGE-OCTETS"),
        (RAW + b"x" * 2_000, 422, "WM-MESSAGE-OCTETS"),
        (RAW + b"y" * 70 + b"\r\n" + (b"x" * 76 + b"\r\n") * (LARGEST // 78), 413, "WM-SIZE"),
        (b"Nonsense\r\n\r\nx", 422, "WM-HEADER-INVALID"),
        (RAW.replace(b"app@trust", b"chief@other"), 403, "WM-AUTHOR"),
        (RAW.replace(b"raw", b"TOP SECRET plans"), 403, "WM-POLICY-SECRET"),
    ],
)
async def test_messages_that_are_refused(api: Api, content: bytes, status: int, code: str) -> None:
    where = "/v1/messages?from=app@trust.example&to=a@nhs.net"
    answer = await api.http.post(where, content=content, headers=api.key | {"Content-Type": "message/rfc822"})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (status, status)
    assert problem["code"].startswith(code)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert (await api.http.get("/v1/messages", headers=api.key)).json()["items"] == []


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"to": []}, "/to"),
        ({"to": ["nonsense"]}, "/to/0"),
        ({"to": ["a@nhs.net", "b@nhs.net\r\nBcc: c@d.example"]}, "/to/1"),
        ({"cc": ["a@@b"]}, "/cc/0"),
        ({"from": "x"}, "/from"),
        ({"subject": "two\r\nlines"}, "/subject"),
        ({"subject": "two\x0blines"}, "/subject"),
        ({"subject": "two\u2028lines"}, "/subject"),
        ({"to": ["\u00b6\u0010@b.example"]}, "/to/0"),
        ({"reply_to": "no address"}, "/reply_to"),
        ({"classification": "x\ny"}, "/classification"),
        ({"reply_to": "x@y.example\nBcc: z@y.example"}, "/reply_to"),
        ({"attachments": [{"filename": "a\r\nb", "content": ""}]}, "/attachments/0/filename"),
        ({"attachments": [{"filename": "a", "content": "***"}]}, "/attachments/0/content"),
        ({"attachments": [{"filename": "a", "content": "", "content_type": "x"}]}, "/attachments/0/content_type"),
        ({"patient": "Anna Example"}, "/patient"),
    ],
)
async def test_what_is_wrong_is_pointed_to_and_not_repeated(api: Api, changed: dict[str, object], pointer: str) -> None:
    answer = await api.http.post("/v1/messages", json=LETTER | changed, headers=api.key)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert "Anna" not in answer.text
    assert "Bcc" not in answer.text


async def test_a_dry_run_keeps_nothing(api: Api) -> None:
    letter = LETTER | {"to": ["a@nhs.net", "b@example.com"], "text": "NHS number 943 476 5919"}
    answer = await api.http.post("/v1/messages?dry_run=true", json=letter, headers=api.key)
    decided = answer.json()
    assert (answer.status_code, decided["status"]) == (200, "dry-run")
    assert decided["classification"] == "OFFICIAL-SENSITIVE"
    assert [each["outcome"] for each in decided["recipients"]] == ["deliver", "hold"]
    assert decided["recipients"][1]["because"]
    assert (await api.http.get("/v1/messages", headers=api.key)).json() == {"items": [], "next": None}


async def test_the_list_is_paged_to_its_end_and_by_status(api: Api) -> None:
    sent = []
    for n in range(5):
        letter = LETTER | {"to": [f"a{n}@nhs.net", f"b{n}@nhs.net"]}
        sent.append((await api.http.post("/v1/messages", json=letter, headers=api.key)).json()["id"])
    seen: list[str] = []
    after = ""
    while True:
        page = (await api.http.get(f"/v1/messages?limit=3&after={after}", headers=api.key)).json()
        seen += [each["to"] for each in page["items"]]
        if not page["next"]:
            break
        after = page["next"]
    assert seen == [f"{letter}{n}@nhs.net" for n in reversed(range(5)) for letter in "ab"]
    assert (await api.http.get("/v1/messages?status=held", headers=api.key)).json()["items"] == []
    assert (await api.http.get("/v1/messages?after=x", headers=api.key)).json()["code"] == "WM-REQUEST"
    misspelt = await api.http.get("/v1/messages?status=delayed", headers=api.key)
    assert misspelt.status_code == 422
    assert misspelt.json()["errors"][0]["pointer"] == "/query/status"
    assert (await api.http.get("/v1/messages?limit=0", headers=api.key)).status_code == 422


async def test_nobody_sees_another_integrations_messages(api: Api) -> None:
    from dataclasses import replace

    from tests.worlds import APP
    from wardmail.manage.integrations import make_credential

    api.stage.save(replace(APP, id="other", name="Other"))
    made = make_credential("other-1", "other", api.stage.world.pepper, api.stage.clock.now(), lifetime_days=1)
    api.stage.register.save_credential(made.credential, "test")
    api.stage.world.register.refresh()
    taken = (await api.http.post("/v1/messages", json=LETTER, headers=api.key)).json()["id"]
    theirs = {"Authorization": f"Bearer wmk_other-1.{made.secret}"}
    assert (await api.http.get("/v1/messages", headers=theirs)).json()["items"] == []
    for path in ("", "/events"):
        answer = await api.http.get(f"/v1/messages/{taken}{path}", headers=theirs)
        assert (answer.status_code, answer.json()["code"]) == (404, "WM-NOT-FOUND")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer wmk_app-1.wrong",
        "Bearer app-1.wrong",
        "Bearer wmk_nobody.x",
        "Bearer wmk_.",
        "Basic !!!",
        "Basic " + base64.b64encode(b"app-1").decode(),
        "Basic " + base64.b64encode(b"app-1:\xff").decode(),
        "Digest x",
        "Bearer wmk_" + "x" * 5_000,
    ],
)
async def test_who_proves_nothing_gets_nothing(api: Api, header: str) -> None:
    answer = await api.http.post("/v1/messages", json=LETTER, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_who_guesses_is_locked_out_and_basic_works_for_others(api: Api) -> None:
    wrong = {"Authorization": "Bearer wmk_app-1.guess"}
    codes = [(await api.http.get("/v1/messages", headers=wrong)).status_code for _ in range(7)]
    assert codes == [401] * 5 + [429] * 2
    basic = base64.b64encode(f"app-1:{api.stage.secret}".encode()).decode()
    assert (await api.http.get("/v1/messages", headers={"Authorization": f"Basic {basic}"})).status_code == 429


async def test_limits_and_a_part_that_is_down_are_told_as_such(api: Api) -> None:
    from dataclasses import replace

    from tests.worlds import APP

    api.stage.save(replace(APP, limits=replace(APP.limits, messages_per_minute=1)))
    assert (await api.http.post("/v1/messages", json=LETTER, headers=api.key)).status_code == 202
    full = await api.http.post("/v1/messages", json=LETTER, headers=api.key)
    assert (full.status_code, full.json()["code"]) == (429, "WM-LIMIT-INTEGRATION")
    assert full.headers["retry-after"]
    api.stage.clock.at += 3_600  # nobody confirmed the register for an hour
    down = await api.http.post("/v1/messages", json=LETTER, headers=api.key)
    assert (down.status_code, down.json()["code"]) == (503, "WM-UNAVAILABLE")


async def test_every_answer_carries_its_ids_and_guards(api: Api) -> None:
    headers = api.key | {"X-Request-ID": "req-1", "X-Correlation-ID": "corr-1"}
    answer = await api.http.get("/v1/messages", headers=headers)
    assert (answer.headers["x-request-id"], answer.headers["x-correlation-id"]) == ("req-1", "corr-1")
    assert answer.headers["cache-control"] == "no-store"
    odd = await api.http.get("/v1/nothing", headers={"X-Request-ID": "a b\tc"})
    assert odd.headers["x-request-id"] != "a b\tc"
    assert odd.json()["code"] == "WM-NOT-FOUND"
    wrong = await api.http.delete("/v1/messages", headers=api.key)
    assert (wrong.json()["code"], wrong.headers["allow"]) == ("WM-METHOD", "GET, POST")
    assert (await api.http.post("/v1/messages", content=b"x", headers=api.key)).json()["code"] == "WM-CONTENT-TYPE"


async def test_addresses_are_checked_by_the_integrations_table(api: Api) -> None:
    wanted = {"addresses": ["a@nhs.net", "b@example.com", "nope"]}
    items = (await api.http.post("/v1/address-checks", json=wanted, headers=api.key)).json()["items"]
    assert [each["standing"] for each in items] == ["secure", "unknown", "invalid"]
    assert items[0]["profile"] == "health-and-care"
    many = {"addresses": ["a@nhs.net"] * 501}
    assert (await api.http.post("/v1/address-checks", json=many, headers=api.key)).status_code == 422


@pytest.mark.parametrize("path", ["address-checks", "inbound-messages/000000000000000000/reject"])
@pytest.mark.parametrize("is_known", [True, False])
async def test_nobody_makes_the_gateway_hold_a_huge_request(api: Api, path: str, is_known: bool) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield b" " * 65_536

    headers = {"Content-Type": "application/json"} | (api.key if is_known else {})
    answer = await api.http.post(f"/v1/{path}", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "WM-SIZE")
    assert sent <= 17


async def test_the_description_is_served_and_whole(api: Api) -> None:
    described = (await api.http.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    by_integration = {path for path, each in described["paths"].items() if "x-permission" not in str(each)}
    assert by_integration == {
        "/v1/address-checks",
        "/v1/events",
        "/v1/events/stream",
        "/v1/inbound-messages/{arrival_id}/content",
        "/v1/inbound-messages/{arrival_id}/ack",
        "/v1/inbound-messages/{arrival_id}/reject",
        "/v1/webhook-endpoints",
        "/v1/webhook-endpoints/{endpoint_id}/deliveries",
        "/v1/webhook-endpoints/{endpoint_id}/deliveries/{seq}/replay",
    }
    assert "message/rfc822" in json.dumps(described)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/inbound-messages"])
async def test_nobody_searches_for_what_no_database_can_hold(api: Api, path: str) -> None:
    answer = await api.http.get(path, params={"q": "a\0b"}, headers=api.key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/q"

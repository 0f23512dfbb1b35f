"""One message by the API: a program about its integration's own, people by permission; content, cancelling, sending again."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.mail_of import PROGRAM
from tests.unit.web.office_kit import SENSITIVE, PeoplesApi, opened
from tests.worlds import APP, HEAD
from wardmail.edges.inspection_pool import InspectionPool
from wardmail.edges.inspection_worker import BROKEN_DOWN
from wardmail.manage.integrations import make_credential
from wardmail.model.inspection import Inspection
from wardmail.model.integration import IntegrationState
from wardmail.model.person import Role
from wardmail.outbound import opened_content
from wardmail.outbound.opened_content import ContentDesk
from wardmail.store.given_replies import IN_HAND, StoreGivenReplies
from wardmail.store.queue import StoreQueue
from wardmail.store.schema import content, recipient
from wardmail.store.schema_of_programs import given_reply

WHY = {"reason": "the receiver lost it"}
REASON = {"Wardmail-Reason": "a complaint, case 12"}
FILES = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        made.register("boss", Role.OWNER)
        made.register("operator", Role.MAIL_OPERATOR)
        made.register("governor", Role.GOVERNANCE)
        made.register("developer", Role.DEVELOPER)
        yield made


def become(api: PeoplesApi, message_id: str, state: str) -> None:
    with api.installation.database.write() as connection:
        where = recipient.c.message_id == message_id
        connection.execute(update(recipient).where(where).values(state=state, due_at=None))


def other_app(api: PeoplesApi) -> dict[str, str]:
    made = make_credential("other-1", "other", api.installation.pepper, api.installation.clock.now(), lifetime_days=30)
    api.installation.register.save_integration(replace(APP, id="other"), "test")
    api.installation.register.save_credential(made.credential, "test")
    api.world.register.refresh()
    return {"Authorization": f"Bearer wmk_other-1.{made.secret}"}


async def test_people_see_every_message_and_a_program_its_own(api: PeoplesApi) -> None:
    sent, other = await api.send("a@nhs.net"), other_app(api)
    for path in (f"/v1/messages/{sent}", f"/v1/messages/{sent}/events"):
        for key in (api.app_key, api.keys["developer"]):
            assert (await api.http.get(path, headers=key)).status_code == 200
        hidden = await api.http.get(path, headers=other)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "WM-NOT-FOUND")
        assert (await api.http.get(path)).status_code == 401
        assert (await api.http.get(path, headers={"Authorization": "Bearer wmp_boss.wrong"})).status_code == 401
    for asked, count in (("", 1), ("?integration=app", 1), ("?integration=other", 0)):
        found = (await api.http.get(f"/v1/messages{asked}", headers=api.keys["developer"])).json()["items"]
        assert len(found) == count, asked
    own = (await api.http.get("/v1/messages?integration=app", headers=other)).json()
    assert own["items"] == []


async def test_acts_of_another_integration_are_as_if_the_message_were_not_there(api: PeoplesApi) -> None:
    sent, other = await api.send("a@nhs.net"), other_app(api)
    for act in ("cancel", "resend"):
        assert (await api.http.post(f"/v1/messages/{sent}/{act}", json=WHY, headers=other)).status_code == 404
    for part in ("content", "attachments", "attachments/1"):
        assert (await api.http.get(f"/v1/messages/{sent}/{part}", headers=other)).status_code == 404
    assert api.events("ContentOpened") == []


# -- cancelling


async def test_what_waits_is_cancelled_with_name_and_reason(api: PeoplesApi) -> None:
    for key, who in ((api.keys["operator"], "operator"), (api.app_key, "app-1")):
        sent = await api.send("a@nhs.net", "b@nhs.net")
        done = await api.http.post(f"/v1/messages/{sent}/cancel", json=WHY, headers=key)
        assert (done.status_code, done.json()) == (200, {"id": sent, "copies": 2, "in_hand": 0})
        assert api.events("RecipientCancelled")[-1][0] == who
        again = await api.http.post(f"/v1/messages/{sent}/cancel", json=WHY, headers=key)
        assert (again.status_code, again.json()["code"]) == (409, "WM-MESSAGE-NOT-WAITING")


async def test_a_held_message_is_not_cancelled_by_the_way(api: PeoplesApi) -> None:
    held = await api.send("someone@example.com", head=SENSITIVE)
    answer = await api.http.post(f"/v1/messages/{held}/cancel", json=WHY, headers=api.keys["operator"])
    assert answer.status_code == 409
    assert "/v1/holds" in answer.json()["detail"]


@pytest.mark.parametrize("who", ["governor", "developer"])
async def test_other_roles_neither_cancel_nor_send_again(api: PeoplesApi, who: str) -> None:
    sent = await api.send("a@nhs.net")
    for act in ("cancel", "resend"):
        answer = await api.http.post(f"/v1/messages/{sent}/{act}", json=WHY, headers=api.keys[who])
        assert (answer.status_code, answer.json()["code"]) == (403, "WM-NOT-PERMITTED")


# -- sending again


async def test_a_message_is_sent_again_by_people_and_by_its_program(api: PeoplesApi) -> None:
    for key, who in ((api.keys["operator"], "operator"), (api.app_key, "app-1")):
        first = await api.send("a@nhs.net", "b@nhs.net")
        become(api, first, "bounced")
        wanted = WHY | {"recipients": ["b@nhs.net"]}
        answer = await api.http.post(f"/v1/messages/{first}/resend", json=wanted, headers=key)
        assert answer.status_code == 202, answer.text
        told = answer.json()
        assert answer.headers["location"] == f"/v1/messages/{told['id']}"
        assert (told["id"] != first, [each["to"] for each in told["recipients"]]) == (True, ["b@nhs.net"])
        assert {actor for actor, _ in api.events("MessageSentAgain")[-2:]} == {who}
        events = (await api.http.get(f"/v1/messages/{first}/events", headers=api.app_key)).json()["items"]
        assert events[-1]["detail"]["again"] == told["id"]


async def test_a_key_makes_one_of_ten(api: PeoplesApi) -> None:
    first = await api.send("a@nhs.net")
    become(api, first, "bounced")
    for number, key in enumerate((api.keys["operator"], api.app_key)):
        headers = key | {"Idempotency-Key": "k"}
        asked = [api.http.post(f"/v1/messages/{first}/resend", json=WHY, headers=headers) for _ in range(10)]
        answers = await asyncio.gather(*asked)
        assert {each.status_code for each in answers} <= {202, 409}
        assert len({each.json()["id"] for each in answers if each.status_code == 202}) == 1
        assert len(api.events("MessageSentAgain")) == 2 * (number + 1)
        other = await api.http.post(f"/v1/messages/{first}/resend", json={"reason": "another one"}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "WM-IDEMPOTENCY-DIFFERENT")


async def test_one_that_a_crash_left_unanswered_is_answered_like_the_others(
    api: PeoplesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await api.send("a@nhs.net")
    become(api, first, "bounced")
    headers, where = api.app_key | {"Idempotency-Key": "k"}, f"/v1/messages/{first}/resend"
    with monkeypatch.context() as crash:
        for ending in ("keep", "leave"):
            crash.setattr(StoreGivenReplies, ending, lambda *_: None)
        told = (await api.http.post(where, json=WHY, headers=headers)).json()
    with api.installation.database.write() as connection:
        connection.execute(update(given_reply).values(at=given_reply.c.at - IN_HAND - 1))
    again = await api.http.post(where, json=WHY, headers=headers)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (202, "true")
    assert [(each["id"], each["first"]) for each in (told, again.json())] == [(told["id"], first)] * 2


async def test_what_would_steer_who_reads_the_audit_is_taken_out_of_a_reason(api: PeoplesApi) -> None:
    first = await api.send("a@nhs.net")
    become(api, first, "bounced")
    typed = {"reason": " lost\x1b[2J at\n the \u202eward\u2028"}
    answer = await api.http.post(f"/v1/messages/{first}/resend", json=typed, headers=api.keys["operator"])
    assert answer.status_code == 202, answer.text
    assert {detail["reason"] for _, detail in api.events("MessageSentAgain")} == {"lost [2J at the ward"}
    empty = {"reason": "\u202e\u2066\x00 \u200e\u200f"}
    answer = await api.http.post(f"/v1/messages/{first}/resend", json=empty, headers=api.keys["operator"])
    assert answer.status_code == 422


async def test_what_may_not_go_is_a_problem_with_a_code(api: PeoplesApi) -> None:
    waiting, key = await api.send("a@nhs.net"), api.keys["operator"]

    async def problem(first: str, **more: object) -> tuple[int, str]:
        answer = await api.http.post(f"/v1/messages/{first}/resend", json=WHY | more, headers=key)
        return answer.status_code, answer.json()["code"]

    assert await problem(waiting) == (409, "WM-RESEND-WAITING")
    assert await problem(waiting, recipients=["x@nhs.net"]) == (422, "WM-RESEND-RECIPIENT")
    assert await problem(waiting, recipients=[]) == (422, "WM-REQUEST")
    assert await problem("X" * 18) == (404, "WM-NOT-FOUND")
    become(api, waiting, "bounced")
    api.installation.register.save_integration(replace(APP, state=IntegrationState.SUSPENDED), "test")
    api.world.register.refresh()
    assert (await problem(waiting))[1] == "WM-INTEGRATION-SUSPENDED"
    api.installation.register.save_integration(APP, "test")
    api.world.register.refresh()
    with api.installation.database.write() as connection:
        connection.execute(content.delete())
    assert await problem(waiting) == (409, "WM-RESEND-GONE")


# -- content


async def with_files(api: PeoplesApi) -> str:
    return await api.send("a@nhs.net", head=FILES)


async def test_people_read_content_for_a_stated_reason(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net")
    for path in ("content", "attachments"):
        where, key = f"/v1/messages/{sent}/{path}", api.keys["governor"]
        for said in ({}, {"Wardmail-Reason": "x"}, {"Wardmail-Reason": "       "}):
            answer = await api.http.get(where, headers=key | said)
            assert answer.status_code == 422, (path, said)
        assert (await api.http.get(where, headers=api.keys["operator"] | REASON)).status_code == 403
    assert api.events("ContentOpened") == []
    answer = await api.http.get(f"/v1/messages/{sent}/content", headers=api.keys["governor"] | REASON)
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"] == f'attachment; filename="{sent}.eml"'
    assert answer.content.startswith(b"Received: ")
    assert answer.content.endswith(b"\r\n\r\nGood morning.\r\n")
    assert api.events("ContentOpened") == [("governor", {"reason": REASON["Wardmail-Reason"]})]


async def test_a_program_reads_its_own_and_that_is_in_the_audit(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net")
    answer = await api.http.get(f"/v1/messages/{sent}/content", headers=api.app_key)
    assert answer.status_code == 200
    assert [actor for actor, _ in api.events("ContentOpened")] == ["app-1"]


async def test_attachments_are_listed_and_given_as_octets_of_no_kind(api: PeoplesApi) -> None:
    page = b"<html><script>alert(1)</script></html>"
    body = (
        b"--b\r\nContent-Type: text/html; name=a.html\r\nContent-Disposition: attachment\r\n\r\n"
        + page
        + b"\r\n--b--\r\n"
    )
    posted = await api.http.post(
        "/v1/messages?from=app@trust.example&to=a@nhs.net",
        content=FILES + b"\r\n" + body,
        headers=api.app_key | {"Content-Type": "message/rfc822"},
    )
    where = f"/v1/messages/{posted.json()['id']}/attachments"
    (file,) = (await api.http.get(where, headers=api.keys["governor"] | REASON)).json()["items"]
    assert (file["n"], file["name"], file["kind"], file["size"]) == (1, "a.html", "text/html", len(page))
    assert file["sha256"] == hashlib.sha256(page).hexdigest()
    got = await api.http.get(f"{where}/1", headers=api.keys["governor"] | REASON)
    assert got.content == page
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment; filename=")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert api.events("AttachmentTaken") == [
        ("governor", {"n": 1, "size": len(page), "reason": REASON["Wardmail-Reason"]})
    ]
    none = await api.http.get(f"{where}/2", headers=api.keys["governor"] | REASON)
    assert (none.status_code, none.json()["code"]) == (404, "WM-NOT-FOUND")


async def test_what_may_do_harm_is_given_to_its_program_alone(api: PeoplesApi) -> None:
    part = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    posted = await api.http.post(
        "/v1/messages?from=app@trust.example&to=a@nhs.net",
        content=FILES + b"\r\n--b\r\n" + part + base64.encodebytes(PROGRAM).replace(b"\n", b"\r\n") + b"--b--\r\n",
        headers=api.app_key | {"Content-Type": "message/rfc822"},
    )
    where = f"/v1/messages/{posted.json()['id']}/attachments/1"
    kept = await api.http.get(where, headers=api.keys["governor"] | REASON)
    assert (kept.status_code, kept.json()["code"]) == (403, "WM-ATTACHMENT-DANGEROUS")
    assert (await api.http.get(where, headers=api.app_key)).content == PROGRAM


async def test_what_could_not_be_looked_into_is_not_taken_for_harmless(
    api: PeoplesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> Inspection:
        return BROKEN_DOWN

    monkeypatch.setattr(InspectionPool, "inspect", broken)
    part = b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.7\r\n--b--\r\n"
    posted = await api.http.post(
        "/v1/messages?from=app@trust.example&to=a@nhs.net",
        content=FILES + b"\r\n" + part,
        headers=api.app_key | {"Content-Type": "message/rfc822"},
    )
    where = f"/v1/messages/{posted.json()['id']}/attachments/1"
    kept = await api.http.get(where, headers=api.keys["governor"] | REASON)
    assert (kept.status_code, kept.json()["code"]) == (403, "WM-ATTACHMENT-UNSEEN")
    assert (await api.http.get(where, headers=api.app_key)).status_code == 200


async def test_content_that_is_gone_is_said_to_be(api: PeoplesApi) -> None:
    sent = await api.send("a@nhs.net")
    with api.installation.database.write() as connection:
        connection.execute(content.delete())
    for path in ("content", "attachments", "attachments/1"):
        answer = await api.http.get(f"/v1/messages/{sent}/{path}", headers=api.keys["governor"] | REASON)
        assert (answer.status_code, answer.json()["code"]) == (409, "WM-CONTENT-GONE")


async def _with_a_file(api: PeoplesApi, octets: bytes = b"%PDF-1.7\n%%EOF\n") -> str:
    part = b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    posted = await api.http.post(
        "/v1/messages?from=app@trust.example&to=a@nhs.net",
        content=FILES + b"\r\n" + part + base64.encodebytes(octets).replace(b"\n", b"\r\n") + b"--b--\r\n",
        headers=api.app_key | {"Content-Type": "message/rfc822"},
    )
    return str(posted.json()["id"])


async def test_a_message_is_read_once_for_one_file(api: PeoplesApi, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, reads, read = await _with_a_file(api), [], StoreQueue.read_content

    async def counted(self: StoreQueue, message_id: str, variant: int) -> object:
        reads.append(message_id)
        return await read(self, message_id, variant)

    monkeypatch.setattr(StoreQueue, "read_content", counted)
    got = await api.http.get(f"/v1/messages/{sent}/attachments/1", headers=api.keys["governor"] | REASON)
    assert (got.content, reads) == (b"%PDF-1.7\n%%EOF\n", [sent])


async def test_files_on_their_way_are_few_and_each_leaves_its_room(
    api: PeoplesApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that are refused, or are not there; who comes while there is no room is told to come again."""
    monkeypatch.setattr(opened_content, "_PATIENCE", 0.05)
    sent, harmful = await _with_a_file(api), await _with_a_file(api, PROGRAM)
    key = api.keys["governor"] | REASON
    for path, status in ((f"{harmful}/attachments/1", 403), (f"{sent}/attachments/2", 404)) * 5:
        assert (await api.http.get(f"/v1/messages/{path}", headers=key)).status_code == status
    desk, where = ContentDesk(api.world, InspectionPool().inspect), f"/v1/messages/{sent}/attachments/1"  # type: ignore[arg-type]
    async with AsyncExitStack() as slow:
        for _ in range(4):
            await slow.enter_async_context(desk.file(sent, 1, looked_into=False))
        assert (await api.http.get(where, headers=key)).status_code == 503
    assert (await api.http.get(where, headers=key)).status_code == 200


async def test_a_large_message_comes_whole_and_says_how_long_it_is(api: PeoplesApi) -> None:
    """Its body is in a spool file, and goes out as it is read."""
    octets = bytes(range(256)) * 12_000
    sent = await _with_a_file(api, octets)
    got = await api.http.get(f"/v1/messages/{sent}/content", headers=api.keys["governor"] | REASON)
    assert (got.status_code, got.headers["content-type"]) == (200, "message/rfc822")
    assert int(got.headers["content-length"]) == len(got.content)
    assert base64.encodebytes(octets).replace(b"\n", b"\r\n") in got.content

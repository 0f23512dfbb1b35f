"""`/v1/inbound-messages` over the real store and desk."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.inbound_desk import LETTERS
from tests.unit.web.api_kit import Api, opened
from wardmail.edges.blinding import MonthlyBlinder
from wardmail.inbound.reception import ReceivingDesk
from wardmail.model.address import Address
from wardmail.model.arrival import ArrivalState, RawMail, Reception
from wardmail.model.handover import Handover, HandoverKind
from wardmail.model.message import MemoryBody, TlsSession
from wardmail.model.verdict import Action

INBOUND = "/v1/inbound-messages"
_numbers = itertools.count(1)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as made:
        made.office.register.has(LETTERS, handover=Handover("app", HandoverKind.PULL))
        yield made


async def brought(api: Api, body: bytes = b"Hello\r\n") -> str:
    desk = api.office
    reception = Reception(
        f"IN{next(_numbers):016d}",
        "192.0.2.7",
        "mail.nhs.net",
        TlsSession("TLSv1.3", "X"),
        Address("a", "nhs.net"),
        (Address("letters", "trust.example"),),
        False,
        RawMail(b"Message-ID: <l1@nhs.net>\r\nFrom: a@nhs.net\r\nSubject: Anna Example\r\n", MemoryBody((body,))),
        desk.clock.now(),
    )
    name = await ReceivingDesk(desk.world, desk.workers).accept(reception)
    assert isinstance(name, str)
    await desk.settle()
    return name


async def test_an_application_collects_its_mail_and_says_that_it_has_it(api: Api) -> None:
    name = await brought(api)
    waiting = (await api.http.get(f"{INBOUND}?status=handing-over", headers=api.key)).json()["items"]
    assert [(each["id"], each["from"]) for each in waiting] == [(name, "a@nhs.net")]
    assert "Anna" not in str(waiting)
    shown = (await api.http.get(f"{INBOUND}/{name}", headers=api.key)).json()
    assert (shown["status"], shown["proved"]["signature_acceptable"]) == ("handing-over", "yes")
    assert "Anna" not in str(shown)
    fetched = await api.http.get(f"{INBOUND}/{name}/content", headers=api.key)
    assert fetched.headers["content-type"] == "message/rfc822"
    assert fetched.headers["wardmail-message-id"] == name
    assert fetched.content.endswith(b"Subject: Anna Example\r\n\r\nHello\r\n")
    assert b"Wardmail-Verdict: accept" in fetched.content
    for _ in range(2):
        assert (await api.http.post(f"{INBOUND}/{name}/ack", headers=api.key)).status_code == 204
    assert await api.office.state(name) is ArrivalState.ACKNOWLEDGED
    assert (await api.http.get(f"{INBOUND}?status=handing-over", headers=api.key)).json()["items"] == []


async def test_what_is_rejected_needs_a_reason_and_is_not_acknowledged_any_more(api: Api) -> None:
    name = await brought(api)
    without = await api.http.post(f"{INBOUND}/{name}/reject", json={}, headers=api.key)
    assert (without.status_code, without.json()["errors"][0]["pointer"]) == (422, "/reason")
    done = await api.http.post(f"{INBOUND}/{name}/reject", json={"reason": "no such ward"}, headers=api.key)
    assert done.status_code == 204
    late = await api.http.post(f"{INBOUND}/{name}/ack", headers=api.key)
    assert (late.status_code, late.json()["code"]) == (409, "WM-INBOUND-NOT-DONE")
    assert "rejected" in late.json()["detail"]


async def test_what_is_in_quarantine_is_seen_and_not_given(api: Api) -> None:
    api.office.judges.action = Action.QUARANTINE
    name = await brought(api)
    assert (await api.http.get(f"{INBOUND}/{name}", headers=api.key)).json()["status"] == "quarantined"
    for answer in (
        await api.http.get(f"{INBOUND}/{name}/content", headers=api.key),
        await api.http.post(f"{INBOUND}/{name}/ack", headers=api.key),
    ):
        assert answer.status_code == 409
    assert await api.office.state(name) is ArrivalState.QUARANTINED


async def test_another_integrations_mail_is_not_there(api: Api) -> None:
    api.office.register.has(replace(LETTERS, integration="other"), handover=Handover("other", HandoverKind.PULL))
    known = api.office.register.current
    other = replace(known.integrations["app"], id="other")
    api.office.register.current = replace(known, integrations={**known.integrations, "other": other})
    name = await brought(api)
    assert (await api.http.get(INBOUND, headers=api.key)).json()["items"] == []
    for answer in (
        await api.http.get(f"{INBOUND}/{name}", headers=api.key),
        await api.http.get(f"{INBOUND}/{name}/content", headers=api.key),
        await api.http.post(f"{INBOUND}/{name}/ack", headers=api.key),
        await api.http.post(f"{INBOUND}/{name}/reject", json={"reason": "x"}, headers=api.key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "WM-NOT-FOUND")


async def test_the_list_is_paged_to_its_end(api: Api) -> None:
    names = [await brought(api) for _ in range(5)]
    seen: list[str] = []
    after = ""
    while True:
        page = (await api.http.get(f"{INBOUND}?limit=2&after={after}", headers=api.key)).json()
        seen += [each["id"] for each in page["items"]]
        if not page["next"]:
            break
        after = page["next"]
    assert seen == names[::-1]
    assert (await api.http.get(f"{INBOUND}?after=x", headers=api.key)).json()["code"] == "WM-REQUEST"
    assert (await api.http.get(f"{INBOUND}?status=x", headers=api.key)).status_code == 422
    assert (await api.http.get(f"{INBOUND}/%25/content", headers=api.key)).status_code == 404


async def test_a_program_finds_its_mail_by_the_senders_own_id_and_not_by_the_subject(api: Api) -> None:
    api.office.arrivals._clues._blinder = MonthlyBlinder(api.stage.keystore)
    name = await brought(api)
    found = await api.http.get(INBOUND, params={"q": "<l1@nhs.net>"}, headers=api.key)
    assert [each["id"] for each in found.json()["items"]] == [name]
    for typed in ("Anna", "Anna Example", '"anna"', "l1", "L1@nhs.net"):
        assert (await api.http.get(INBOUND, params={"q": typed}, headers=api.key)).json()["items"] == []

"""`/v1/events`: nothing is missed, nothing is another's, nothing in it is content."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from tests.unit.web.api_kit import Api, opened
from wardmail.model.stored import Event
from wardmail.protocol.notifications import TYPES, type_of
from wardmail.store import notices_feed
from wardmail.store.chain import EventChain
from wardmail.web.api.events import _told

LETTER = {"from": "app@trust.example", "to": ["anna@nhs.net"], "subject": "About Anna", "text": "Good morning."}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as made:
        yield made


async def sent(api: Api) -> str:
    return (await api.http.post("/v1/messages", json=LETTER, headers=api.key)).json()["id"]


def happens(api: Api, *events: Event) -> None:
    with api.stage.database.write() as connection:
        EventChain(api.stage.database).append(connection, list(events))


async def test_a_program_reads_on_from_where_it_was(api: Api) -> None:
    first = await sent(api)
    page = (await api.http.get("/v1/events", headers=api.key)).json()
    (event,) = page["items"]
    assert (event["type"], event["data"]["id"]) == ("message.accepted", first)
    assert event["data"]["recipients"] == [{"recipient_no": 0, "outcome": "deliver"}]
    assert "@" not in json.dumps(page)  # neither of the addresses
    again = (await api.http.get(f"/v1/events?after={page['next']}", headers=api.key)).json()
    assert again == {"items": [], "next": page["next"]}
    detail = {"n": 0, "state": "delivered", "attempt": 1, "reply": "250 <anna@nhs.net> ok", "host": "x"}
    happens(api, Event("AttemptMade", 1.0, "wardmail", first, "recipient 0", detail))
    later = (await api.http.get(f"/v1/events?after={page['next']}", headers=api.key)).json()
    (event,) = later["items"]
    assert (event["type"], event["data"]) == ("message.delivered", {"id": first, "recipient_no": 0, "attempt": 1})


async def test_the_events_of_others_are_passed_over_and_hide_nothing(api: Api) -> None:
    await sent(api)
    start = (await api.http.get("/v1/events", headers=api.key)).json()["next"]
    happens(api, *[Event("MessageAccepted", 1.0, "x", f"OTHER{n}", "message", {}) for n in range(5_000)])
    mine = await sent(api)
    page = (await api.http.get(f"/v1/events?after={start}", headers=api.key)).json()
    assert [each["data"]["id"] for each in page["items"]] == [mine]


async def test_one_request_reads_only_so_far_and_says_where_to_go_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices_feed, "_READ_AT_ONCE", 3)
    await sent(api)
    start = (await api.http.get("/v1/events", headers=api.key)).json()["next"]
    happens(api, *[Event("MessageAccepted", 1.0, "x", f"OTHER{n}", "message", {}) for n in range(100)])
    mine = await sent(api)
    first = (await api.http.get(f"/v1/events?after={start}", headers=api.key)).json()
    assert first == {"items": [], "next": start + 60}
    second = (await api.http.get(f"/v1/events?after={start + 60}", headers=api.key)).json()
    assert [each["data"]["id"] for each in second["items"]] == [mine]


async def test_pages_join_without_a_gap(api: Api) -> None:
    names = [await sent(api) for _ in range(5)]
    seen, after = [], 0
    for _ in range(5):
        page = (await api.http.get(f"/v1/events?after={after}&limit=2", headers=api.key)).json()
        seen += [each["data"]["id"] for each in page["items"]]
        after = page["next"]
    assert seen == names


def asking(api: Api) -> Request:
    app = SimpleNamespace(state=SimpleNamespace(services=api.services))
    headers = [(b"authorization", api.key["Authorization"].encode())]
    return Request({"type": "http", "headers": headers, "client": ("127.0.0.1", 1), "app": app})


async def test_a_stream_ends_when_its_credential_is_revoked(api: Api) -> None:
    await sent(api)
    lines = _told(asking(api), "app", 0)
    assert (await anext(lines)).startswith("retry:")
    assert "message.accepted" in await anext(lines)
    await sent(api)
    credential = api.stage.register.snapshot().credentials["app-1"]
    api.stage.register.save_credential(replace(credential, revoked_at=api.stage.clock.now()), "test")
    api.stage.world.register.refresh()
    with pytest.raises(StopAsyncIteration):
        await anext(lines)


async def test_the_stream_goes_on_after_the_last_that_was_had(api: Api) -> None:
    first, second = await sent(api), await sent(api)
    everything = (await api.http.get("/v1/events", headers=api.key)).json()["items"]
    lines = _told(asking(api), "app", everything[0]["id"])
    assert (await anext(lines)).startswith("retry:")
    told = await anext(lines)
    await lines.aclose()
    assert told.startswith(f"id: {everything[1]['id']}\nevent: message.accepted\ndata: ")
    assert second in told
    assert first not in told
    wrong = await api.http.get("/v1/events/stream", headers=api.key | {"Last-Event-ID": "x"})
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("kind", "detail", "named"),
    [
        ("AttemptMade", {"state": "relayed"}, "message.handed_on"),
        ("AttemptMade", {"state": "deferred"}, "message.deferred"),
        ("AttemptMade", {"state": "accepted"}, ""),
        ("ReportTaken", {"kind": "complaint"}, "message.complained"),
        ("ReportTaken", {"kind": "bounce"}, "message.bounced"),
        ("HoldOpened", {}, "message.held"),
        ("MailJudged", {"state": "quarantined"}, "inbound.quarantined"),
        ("MailJudged", {"state": "handing-over"}, "inbound.judged"),
        ("MessageRead", {}, ""),
    ],
)
def test_what_each_event_is_to_a_program(kind: str, detail: dict[str, object], named: str) -> None:
    assert type_of(kind, detail) == named
    assert not named or named in TYPES

"""A request that comes again: nothing is sent twice, whatever happened the first time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.web.api_kit import Api, opened
from tests.worlds import APP
from wardmail.model.refusal import Unavailable
from wardmail.store.given_replies import IN_HAND, StoreGivenReplies

LETTER = {"from": "app@trust.example", "to": ["a@nhs.net"], "subject": "Hello", "text": "Good morning."}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as made:
        yield made


async def count(api: Api) -> int:
    return len((await api.http.get("/v1/messages", headers=api.key)).json()["items"])


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Request-ID"])
async def test_the_same_request_gets_the_same_reply(api: Api, name: str) -> None:
    headers = api.key | {name: "k-1"}
    first = await api.http.post("/v1/messages", json=LETTER, headers=headers)
    again = await api.http.post("/v1/messages", json=LETTER, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    other = await api.http.post("/v1/messages", json=LETTER | {"text": "Other."}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "WM-IDEMPOTENCY-DIFFERENT")
    assert await count(api) == 1


async def test_ten_at_once_are_one_message(api: Api) -> None:
    headers = api.key | {"Idempotency-Key": "k-1"}
    asked = [api.http.post("/v1/messages", json=LETTER, headers=headers) for _ in range(10)]
    statuses = [each.status_code for each in await asyncio.gather(*asked)]
    assert set(statuses) <= {202, 409}
    assert 202 in statuses
    assert await count(api) == 1


async def test_what_was_refused_may_be_tried_again(api: Api) -> None:
    headers = api.key | {"Idempotency-Key": "k-1"}
    api.stage.save(replace(APP, senders=("nobody@trust.example",)))
    assert (await api.http.post("/v1/messages", json=LETTER, headers=headers)).status_code == 403
    api.stage.save(APP)
    assert (await api.http.post("/v1/messages", json=LETTER, headers=headers)).status_code == 202


@pytest.mark.parametrize("stored", [True, False])
async def test_after_a_crash_in_the_middle_nothing_is_sent_twice_or_lost(
    api: Api, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = api.key | {"Idempotency-Key": "k-1"}
    with monkeypatch.context() as crash:
        crash.setattr(StoreGivenReplies, "end", lambda *_: None)
        if not stored:
            crash.setattr(type(api.stage.world.queue), "put", _broken)
        first = await api.http.post("/v1/messages", json=LETTER, headers=headers)
        assert first.status_code == (202 if stored else 500)
    assert (await api.http.post("/v1/messages", json=LETTER, headers=headers)).status_code == 409
    api.stage.clock.at += IN_HAND + 1
    api.stage.world.register.refresh()
    again = await api.http.post("/v1/messages", json=LETTER, headers=headers)
    assert again.status_code == 202
    if stored:
        assert again.json()["id"] == first.json()["id"]
    assert await count(api) == 1


async def _broken(*_: object) -> None:
    raise RuntimeError("a test")


async def test_when_the_store_keeps_it_but_its_answer_is_lost_it_is_not_sent_twice(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, put = api.key | {"Idempotency-Key": "k-1"}, type(api.stage.world.queue).put

    async def kept_and_unanswered(*given: Any) -> None:
        await put(*given)
        raise Unavailable("the store", "the connection broke at the commit")

    with monkeypatch.context() as broken:
        broken.setattr(type(api.stage.world.queue), "put", kept_and_unanswered)
        assert (await api.http.post("/v1/messages", json=LETTER, headers=headers)).status_code == 503
    api.stage.clock.at += IN_HAND + 1
    api.stage.world.register.refresh()
    again = await api.http.post("/v1/messages", json=LETTER, headers=headers)
    assert (again.status_code, again.headers.get("idempotent-replayed")) == (202, "true")
    assert await count(api) == 1


async def test_a_key_that_is_none(api: Api) -> None:
    answer = await api.http.post("/v1/messages", json=LETTER, headers=api.key | {"Idempotency-Key": "k" * 256})
    assert (answer.status_code, answer.json()["code"]) == (422, "WM-IDEMPOTENCY-KEY")
    assert await count(api) == 0

"""What a program is told of its ceilings, with each answer to what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.web.api_kit import Api, opened
from tests.worlds import APP
from wardmail.model.ceiling import Ceiling
from wardmail.model.integration import Limits
from wardmail.web.api.rate import rate_fields

LETTER = {"from": "app@trust.example", "to": ["a@nhs.net"], "subject": "Hello", "text": "Good morning."}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as made:
        made.stage.save(replace(APP, limits=Limits(2, 100, None, 50, 10)))
        yield made


async def test_what_is_left_is_told_until_nothing_is(api: Api) -> None:
    left = []
    for _ in range(2):
        answer = await api.http.post("/v1/messages", json=LETTER, headers=api.key)
        assert answer.status_code == 202
        left.append(answer.headers["ratelimit"].split(", ")[0])
    assert left[0] == '"messages-minute";r=1'
    assert left[1].startswith('"messages-minute";r=0;t=')
    assert answer.headers["ratelimit-policy"] == (
        '"messages-minute";q=2;w=60, "messages-day";q=100;w=86400, "recipients-day";q=50;w=86400'
    )
    refused = await api.http.post("/v1/messages", json=LETTER, headers=api.key)
    assert (refused.status_code, refused.json()["code"]) == (429, "WM-LIMIT-INTEGRATION")
    assert 0 < int(refused.headers["retry-after"]) <= 65
    api.stage.clock.at += int(refused.headers["retry-after"])
    api.stage.world.register.refresh()
    assert (await api.http.post("/v1/messages", json=LETTER, headers=api.key)).status_code == 202


async def test_other_answers_tell_nothing_of_it(api: Api) -> None:
    for answer in (
        await api.http.get("/v1/messages", headers=api.key),
        await api.http.post("/v1/messages", json=LETTER),
        await api.http.get("/openapi.json"),
    ):
        assert "ratelimit" not in answer.headers


@pytest.mark.parametrize(
    ("ceilings", "status", "fields"),
    [
        ([], 202, {}),
        ([Ceiling("a", 5, 60, 5, 0)], 429, {"RateLimit-Policy": '"a";q=5;w=60', "RateLimit": '"a";r=5'}),
        (
            [Ceiling("a", 5, 60, 0, 2.1), Ceiling("b", 9, 86_400, 0, 0.2)],
            429,
            {
                "RateLimit-Policy": '"a";q=5;w=60, "b";q=9;w=86400',
                "RateLimit": '"a";r=0;t=3, "b";r=0;t=1',
                "Retry-After": "3",
            },
        ),
    ],
)
def test_the_fields(ceilings: list[Ceiling], status: int, fields: dict[str, str]) -> None:
    assert rate_fields(ceilings, status) == fields

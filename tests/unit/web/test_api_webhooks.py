"""`/v1/webhook-endpoints`: seen by their integration alone, without secrets, and told again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.web.api_kit import Api, opened
from wardmail.model.webhook_endpoint import Telling, WebhookEndpoint
from wardmail.store.webhooks import StoreWebhooks

HOOKS = "/v1/webhook-endpoints"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as made:
        store = StoreWebhooks(made.stage.database)
        for name, integration in (("wh1", "app"), ("wh2", "other")):
            endpoint = WebhookEndpoint(name, integration, "https://app.example/hook", ("keystore:its-secret",))
            store.add(endpoint, "anna")
            telling = Telling(name, 7, "message.delivered", "{}", made.stage.clock.now())
            store.queue(name, [telling], 7)
            (queued,) = store.deliveries(name, failed=False, limit=1)
            store.settle(queued, again_at=None, outcome="given up: the receiver answered 500")
        yield made


async def test_what_is_the_integrations_is_shown_without_secrets(api: Api) -> None:
    answer = await api.http.get(HOOKS, headers=api.key)
    assert [each["id"] for each in answer.json()["items"]] == ["wh1"]
    assert "its-secret" not in answer.text
    (delivery,) = (await api.http.get(f"{HOOKS}/wh1/deliveries?failed=true", headers=api.key)).json()["items"]
    assert (delivery["seq"], delivery["webhook_id"]) == (7, "wh1-7")


async def test_what_was_told_comes_page_by_page(api: Api) -> None:
    store = StoreWebhooks(api.stage.database)
    store.queue("wh1", [Telling("wh1", n, "message.delivered", "{}", 0.0) for n in (8, 9)], 9)
    seen, where = [], f"{HOOKS}/wh1/deliveries?limit=2"
    page = (await api.http.get(where, headers=api.key)).json()
    seen += page["items"]
    page = (await api.http.get(f"{where}&after={page['next']}", headers=api.key)).json()
    assert ([each["seq"] for each in [*seen, *page["items"]]], page["next"]) == ([9, 8, 7], None)


async def test_it_is_told_again(api: Api) -> None:
    assert (await api.http.post(f"{HOOKS}/wh1/deliveries/7/replay", headers=api.key)).status_code == 202
    assert (await api.http.get(f"{HOOKS}/wh1/deliveries?failed=true", headers=api.key)).json()["items"] == []
    assert (await api.http.post(f"{HOOKS}/wh1/deliveries/8/replay", headers=api.key)).status_code == 404


async def test_anothers_is_not_there(api: Api) -> None:
    assert (await api.http.get(f"{HOOKS}/wh2/deliveries", headers=api.key)).status_code == 404
    assert (await api.http.post(f"{HOOKS}/wh2/deliveries/7/replay", headers=api.key)).status_code == 404

"""The records of webhooks that `--json` prints, and how commands find one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wardmail.app.failures import not_found
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.model.reading import Page, Record
from wardmail.model.webhook_endpoint import Telling, WebhookEndpoint
from wardmail.store.webhooks import StoreWebhooks


def as_record(endpoint: WebhookEndpoint) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "integration": endpoint.integration,
        "url": endpoint.url,
        "types": list(endpoint.types),
        "allow_private": endpoint.allow_private,
        "secrets": len(endpoint.signing_refs),
        "stopped": endpoint.stopped,
    }


def telling_record(telling: Telling) -> dict[str, object]:
    return {
        "seq": telling.seq,
        "webhook_id": telling.id,
        "type": telling.type,
        "created_at": rfc3339(telling.created_at),
        "attempts": telling.attempts,
        "next_attempt_at": rfc3339(telling.due_at),
        "outcome": telling.outcome,
    }


class StoredWebhookBook:
    """Implements `ports.WebhookBook` over the store."""

    def __init__(self, webhooks: StoreWebhooks) -> None:
        self._webhooks = webhooks

    def all(self) -> Sequence[Record]:
        return [as_record(each) for each in self._webhooks.all()]

    def one(self, endpoint_id: str) -> Record | None:
        return next((each for each in self.all() if each["id"] == endpoint_id), None)

    def tellings(self, endpoint_id: str, *, failed: bool, limit: int) -> Page:
        return page_of(self._webhooks, endpoint_id, failed=failed, limit=limit)

    def replay_failed(self, endpoint_id: str, most: int, actor: str, reason: str) -> int:
        endpoint = next((each for each in self._webhooks.all() if each.id == endpoint_id), None)
        if endpoint is None:
            return 0
        given_up = [each.seq for each in self._webhooks.deliveries(endpoint_id, failed=True, limit=most)]
        return self._webhooks.replay(endpoint, given_up, actor, reason)

    def stop(self, endpoint_id: str, stopped: str, actor: str, reason: str) -> bool:
        return stop_or_resume(self._webhooks, endpoint_id, stopped, actor, reason)


def page_of(webhooks: StoreWebhooks, endpoint_id: str, *, failed: bool, limit: int, before: int | None = None) -> Page:
    found = webhooks.deliveries(endpoint_id, failed=failed, limit=limit + 1, before=before)
    shown = found[:limit]
    return Page([telling_record(each) for each in shown], str(shown[-1].seq) if len(found) > limit else "")


def stop_or_resume(webhooks: StoreWebhooks, endpoint_id: str, stopped: str, actor: str, reason: str) -> bool:
    """`stopped` empty: it is in use again. False when there is no such webhook."""
    kind = "WebhookStopped" if stopped else "WebhookResumed"
    changed = webhooks.change(endpoint_id, lambda each: replace(each, stopped=stopped), kind, actor, reason)
    return changed is not None


def existing(installation: Installation, name: str) -> WebhookEndpoint:
    found = next((each for each in installation.webhooks.all() if each.id == name), None)
    if found is None:
        raise not_found("webhook", name, "wardmail webhook list")
    return found

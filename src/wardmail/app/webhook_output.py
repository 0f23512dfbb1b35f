"""The records of webhooks that `--json` prints, and how commands find one."""

from __future__ import annotations

from wardmail.app.failures import not_found
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.model.webhook_endpoint import Telling, WebhookEndpoint


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


def existing(installation: Installation, name: str) -> WebhookEndpoint:
    found = next((each for each in installation.webhooks.all() if each.id == name), None)
    if found is None:
        raise not_found("webhook", name, "wardmail webhook list")
    return found

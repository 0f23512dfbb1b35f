"""One message to a webhook: thin, without content, kept until the receiver has taken it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """`id` stays the same for every try, so that a receiver can tell a repetition; `payload` is JSON."""

    id: str
    type: str
    payload: str
    created_at: float
    attempts: int = 0

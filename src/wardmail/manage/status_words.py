"""The words for a copy's state: the same in every command and on every page."""

from __future__ import annotations

WORDS = {
    "accepted": "Accepted",
    "held": "Held",
    "deferred": "Delayed",
    "relayed": "Handed on",
    "delivered": "Delivered",
    "bounced": "Failed",
    "expired": "Failed: gave up",
    "rejected": "Not sent",
    "cancelled": "Cancelled",
}

SENTENCES = {
    "accepted": "We have it and are about to send it.",
    "held": "It waits for a person to decide.",
    "deferred": "It could not be sent yet, and is tried again.",
    "relayed": "The upstream service took it. We will say if it tells us more.",
    "delivered": "The receiving server accepted it. We cannot tell if anyone has read it.",
    "bounced": "The receiving server refused it for good.",
    "expired": "It was tried until its time ran out.",
    "rejected": "The policy does not let it out.",
    "cancelled": "A person stopped it.",
}

"""What is wanted when a message is to be sent again, and why it may not be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """`recipients` are addresses of the first message as they were written; None: everybody to whom it can be sent.

    `new_id` is what the message is stored by: whoever asks twice by the same ID gets one message.
    """

    first: str
    new_id: str
    by: str
    reason: str
    recipients: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class NotResent:
    """Why nothing was sent: a stable code, and a sentence for people that names nobody."""

    error: str
    reason: str

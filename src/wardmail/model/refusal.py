"""A refusal: what a peer is told, apart from what we keep for ourselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """`public` goes over the wire and holds no host name, path, rule ID or exception text; `private` is for the audit.

    `code` is the SMTP reply code, `status` the enhanced status code (RFC 3463), `error` our own stable code (`WM-…`).
    """

    code: int
    status: str
    public: str
    error: str
    private: str = ""

    @property
    def is_temporary(self) -> bool:
        return 400 <= self.code < 500


class Unavailable(Exception):
    """A part of the world did not answer. Never means "no": the caller answers 451, holds, or tries again."""

    def __init__(self, part: str, cause: object) -> None:
        super().__init__(f"{part} is unavailable: {cause}")
        self.part = part
        self.cause = cause


class ContentGone(Unavailable):
    """A message's content is destroyed, because its term has ended: asking again is of no use."""

    def __init__(self, message_id: str) -> None:
        super().__init__("the message's content", f"{message_id} has no content any more: its term has ended")

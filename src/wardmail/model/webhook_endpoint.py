"""Where a program is told of what happens to its mail, and one telling on its way (Standard Webhooks)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """`types` none: every type. `signing_refs` newest first: two while one secret replaces another.

    `stopped` says why nothing is sent any more; empty while it is in use.
    """

    id: str
    integration: str
    url: str
    signing_refs: tuple[str, ...]
    types: tuple[str, ...] = ()
    allow_private: bool = False
    ca_file: str | None = None
    stopped: str = ""

    def wants(self, kind: str) -> bool:
        return not self.stopped and (not self.types or kind in self.types)


@dataclass(frozen=True, slots=True)
class Telling:
    """One notification for one endpoint. `due_at` None: it is over, and `outcome` says how."""

    endpoint: str
    seq: int
    type: str
    payload: str
    created_at: float
    attempts: int = 0
    due_at: float | None = None
    outcome: str = ""

    @property
    def id(self) -> str:
        """The same for every try: by it a receiver tells a repetition."""
        return f"{self.endpoint}-{self.seq}"


TAKEN = "taken"
GONE = 410

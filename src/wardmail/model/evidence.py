"""Figures that prove how the gateway was run: counts, times and connections, never content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wardmail.model.agreement import RiskAppetite
from wardmail.model.audit import SignedHead
from wardmail.model.integration import IntegrationState
from wardmail.model.person import Person
from wardmail.model.policy import PolicyVersion
from wardmail.model.register import RegisterSnapshot

MOST_EVENTS = 5000
"""Of one period in a pack, the newest."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` up to, and not including, `until`; seconds since the epoch."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Count:
    """How many copies of a kind: `words` say which kind."""

    words: tuple[str, ...]
    copies: int


@dataclass(frozen=True, slots=True)
class Link:
    """The last successful connection of one route: what was achieved, where, and when."""

    route: str
    host: str
    version: str
    cipher: str
    proof: str
    at: float


@dataclass(frozen=True, slots=True)
class ClosedHold:
    urgent: bool
    closed_as: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """One copy to or from a person, for a subject-access request: nothing of what it says.

    `sensitivity` is None for what came in: nobody has classified it.
    """

    message_id: str
    at: float
    integration: str
    direction: str
    other: str
    state: str
    sensitivity: int | None
    size: int
    kept: bool


@dataclass(frozen=True, slots=True)
class InboundDecision:
    """What was decided about one arrival, by whom and when; `proposed_by` is the first of two, where it takes two."""

    at: float
    kind: str
    actor: str
    arrival_id: str
    proposed_by: str


@dataclass(frozen=True, slots=True)
class OpenHold:
    urgent: bool
    opened_at: float
    deadline: float


@dataclass(frozen=True, slots=True)
class ListAge:
    """One import of a list of organisations."""

    name: str
    version: str
    imported_at: float
    imported_by: str
    entries: int


@dataclass(frozen=True, slots=True)
class Door:
    """One way in: where we listen, or where we collect; how TLS begins there, and who is let in, or we are, by what."""

    address: str
    mode: str
    log_in: str = "password or SCRAM, over TLS"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a pack is made from, gathered once. `states` are the integrations' today; `head` the audit's, with a signature.

    `location` is the ISO 3166 country code of where copies are kept; empty when nobody said.
    """

    hostname: str
    location: str
    software: str
    by: str
    at: float
    period: Period
    head: SignedHead
    chain: str
    doors: tuple[Door, ...]
    register: RegisterSnapshot
    states: Mapping[str, IntegrationState]
    people: Mapping[str, Person]
    policies: tuple[PolicyVersion, ...]
    statements: tuple[RiskAppetite, ...]
    lists: tuple[ListAge, ...]
    outcomes: tuple[Count, ...]
    destinations: tuple[Count, ...]
    protections: tuple[Count, ...]
    refusals: tuple[Count, ...]
    closed_holds: tuple[ClosedHold, ...]
    open_holds: tuple[OpenHold, ...]
    links: tuple[Link, ...]
    events: tuple[Mapping[str, Any], ...]
    arrivals: tuple[Count, ...]
    inbound_decisions: tuple[InboundDecision, ...]

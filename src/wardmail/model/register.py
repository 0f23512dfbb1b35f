"""The register as one process sees it at one moment: read whole, asked often, replaced when somebody changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from wardmail.model.accredited import AccreditedEntry
from wardmail.model.agreement import CAUTIOUS, Agreement, RiskAppetite
from wardmail.model.handover import Handover
from wardmail.model.integration import Credential, Integration
from wardmail.model.policy import NO_SITE_POLICY, PolicyVersion
from wardmail.model.route import Route
from wardmail.model.source import Source
from wardmail.model.traffic import Breaker, Phase


@dataclass(frozen=True, slots=True)
class Change:
    """What is written into the audit about a change of a record."""

    kind: str
    actor: str
    reason: str


class Added(Enum):
    """What became of a credential that was to be added. OVERTAKEN: its integration has another number of them meanwhile."""

    YES = "yes"
    TAKEN = "taken"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class RegisterSnapshot:
    """`read_at` is when the store last confirmed that nothing has changed: an old snapshot must not be trusted."""

    version: int
    integrations: Mapping[str, Integration]
    credentials: Mapping[str, Credential]
    routes: Mapping[str, Route]
    accredited: Mapping[str, AccreditedEntry]
    list_version: str | None
    read_at: float
    policy: PolicyVersion = NO_SITE_POLICY
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    appetite: RiskAppetite = CAUTIOUS
    breakers: Mapping[str, Breaker] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    handovers: Mapping[str, Handover] = field(default_factory=dict)
    list_imported_at: float | None = None

    def is_paused(self, integration: str, now: float) -> bool:
        """Whether its circuit breaker keeps its mail back."""
        breaker = self.breakers.get(integration)
        return breaker is not None and breaker.phase(now) is Phase.OPEN

"""Everything that the inbound walk needs from outside, gathered in one place by the wiring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wardmail.model.handover import Handover
from wardmail.model.inspection import Inspection, ScanReport
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.register import RegisterSnapshot
from wardmail.model.sender import SenderEvidence, Sending
from wardmail.model.source import Source
from wardmail.model.verdict import Verdict, Wishes
from wardmail.ports import Arrivals, Clock, HandoverCourier, Returns, Scanner


class Register(Protocol):
    """The register as this process sees it; raises Unavailable when it could not be confirmed for too long."""

    @property
    def snapshot(self) -> RegisterSnapshot: ...

    def state_of(self, integration: Integration) -> IntegrationState:
        """Its state today, by its record and the calendar."""
        ...


OPEN = frozenset({IntegrationState.TRIAL, IntegrationState.LIVE, IntegrationState.DUE})
"""States of an integration in which mail comes in for it, and is handed over (RECV-8)."""


class Prover(Protocol):
    """Finds out who sent a message: SPF, DKIM, ARC, DMARC (SHARE-16)."""

    async def prove(self, message: bytes, sending: Sending, source: Source | None) -> SenderEvidence:
        """`source` names the hop that we believe."""
        ...


class Inspector(Protocol):
    """Finds out what is in a message (RECV-2, RECV-3). Raises Unavailable when nobody could look."""

    async def inspect(self, message: bytes, wishes: Wishes, known_sender: bool | None) -> Inspection:
        """`known_sender` None: nobody can tell whether the sender wrote before."""
        ...

    async def close(self) -> None: ...


class Decide(Protocol):
    """The verdict, by what is known and what the integration wishes; pure."""

    def __call__(
        self, sender: SenderEvidence, inspection: Inspection, scans: Sequence[ScanReport], wishes: Wishes
    ) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class InboundSettings:
    """`hostname` names us in trace fields. Times in seconds.

    `data_budget` is how long a peer waits for a verdict at the end of DATA; `judge_budget` how long anything may take.
    `unscanned_for`: how long a message waits for a scanner before a person must look. `memory`: octets in hand at once.
    """

    hostname: str
    lease: float = 600.0
    data_budget: float = 20.0
    judge_budget: float = 120.0
    unscanned_for: float = 4 * 3600.0
    memory: int = 128 * 1024 * 1024
    most_received_fields: int = 50
    retention_days: int = 30
    attempts: int = 10


@dataclass(frozen=True, slots=True)
class InboundWorld:
    """`owner` is this process's name in leases; `new_id` makes message IDs; `jitter` gives numbers from 0 to 1."""

    register: Register
    arrivals: Arrivals
    clock: Clock
    new_id: Callable[[], str]
    owner: str
    settings: InboundSettings
    prover: Prover
    inspector: Inspector
    scanners: Sequence[Scanner]
    decide: Decide
    courier: HandoverCourier
    returns: Returns
    jitter: Callable[[], float]

    def handover_of(self, integration: str) -> Handover:
        """Who has said nothing collects his mail himself."""
        return self.register.snapshot.handovers.get(integration) or Handover(integration)

    def is_open(self, integration_id: str) -> bool:
        integration = self.register.snapshot.integrations.get(integration_id)
        return integration is not None and self.register.state_of(integration) in OPEN

    def term_of(self, integration_id: str) -> int:
        """Days for which this integration's content is kept."""
        integration: Integration | None = self.register.snapshot.integrations.get(integration_id)
        days = integration.retention_days if integration is not None else None
        return self.settings.retention_days if days is None else days

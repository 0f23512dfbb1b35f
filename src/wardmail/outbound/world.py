"""Everything that the outbound walk needs from outside, gathered in one place by the wiring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wardmail.model.consignment import Consignment
from wardmail.model.hold import HoldTerms
from wardmail.model.retention import DEFAULT_DAYS
from wardmail.model.standing import Standing
from wardmail.outbound.register_view import RegisterView
from wardmail.policy.evaluate import Rule
from wardmail.ports import Clock, Queue, Signer, Spool


class Dispatch(Protocol):
    """The couriers' in-tray in this process."""

    def has_room(self, route: str, size: int) -> bool: ...

    def offer(self, consignments: Sequence[Consignment]) -> None: ...


@dataclass(frozen=True, slots=True)
class WalkSettings:
    """`hostname` names us in Received fields and reports. Times in seconds.

    Notices to people come from `notice_sender` (empty: wardmail@ our name) by `notice_route` (empty: the integration's).
    `contacts`: who is named in refusals (SEC-5).
    """

    hostname: str
    expire_after: float = 4 * 86_400
    notice_after: float = 3_600
    lease: float = 600
    most_received_fields: int = 50
    retention_days: int = DEFAULT_DAYS
    notice_sender: str = ""
    notice_route: str = ""
    holds: HoldTerms = field(default_factory=HoldTerms)
    local_standing: tuple[tuple[str, Standing, str], ...] = ()
    contacts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """`owner` is this process's name in leases; `new_id` makes message IDs."""

    register: RegisterView
    queue: Queue
    signer: Signer
    clock: Clock
    new_id: Callable[[], str]
    pepper: bytes
    owner: str
    settings: WalkSettings
    spool: Spool

    @property
    def rules(self) -> Sequence[Rule]:
        """The policy in force; it changes while the process runs."""
        return self.register.rules

    @property
    def policy_version(self) -> str:
        return self.register.policy_version


def term_of(world: World, integration_id: str) -> int:
    """Days for which this integration's content is kept."""
    integration = world.register.snapshot.integrations.get(integration_id)
    days = integration.retention_days if integration is not None else None
    return world.settings.retention_days if days is None else days

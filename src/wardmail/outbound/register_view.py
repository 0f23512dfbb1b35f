"""The register as this process sees it: followed within a second, and not trusted when it could not be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Protocol

from wardmail.model.address import Address
from wardmail.model.agreement import Appetite
from wardmail.model.classification import Sensitivity
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.refusal import Unavailable
from wardmail.model.register import RegisterSnapshot
from wardmail.model.standing import Profile, StandingAnswer
from wardmail.model.suppression import EVERYBODY, Suppression
from wardmail.model.traffic import Phase
from wardmail.policy.agreements import AgreementTable
from wardmail.policy.evaluate import Rule
from wardmail.policy.facts import AgreementFacts, Known
from wardmail.policy.review import ReviewTerms, state_on
from wardmail.policy.rules import POLICY_VERSION
from wardmail.policy.site_rules import read_text, rules_in_force
from wardmail.policy.standing import LocalRow, StandingTable
from wardmail.ports import Clock

log = logging.getLogger(__name__)

STALE_AFTER = 60.0
"""Seconds for which a snapshot may be used when the store does not answer: a revoked credential must not live on."""


class RegisterSource(Protocol):
    """Where the register is kept; both block."""

    def version(self) -> int: ...

    def snapshot(self) -> RegisterSnapshot: ...

    def suppressions_since(self, number: int) -> Sequence[Suppression]: ...


class RegisterView:
    """Answers from memory. `snapshot` raises Unavailable when the store has been silent for too long."""

    def __init__(
        self,
        source: RegisterSource,
        clock: Clock,
        local_rows: tuple[LocalRow, ...] = (),
        every: float = 1.0,
        *,
        terms: ReviewTerms = ReviewTerms(),  # noqa: B008 (frozen)
    ) -> None:
        self._source = source
        self._clock = clock
        self._local_rows = local_rows
        self._every = every
        self.terms = terms
        self._states: dict[str, tuple[Integration, date, IntegrationState]] = {}
        self._tables: dict[Profile, StandingTable] = {}
        self._confirmed_at = 0.0
        self._day = (-1, date.min)
        self._agreements = AgreementTable((), Appetite.WAIT)
        self._suppressions: dict[tuple[str, str], Suppression] = {}
        self._last_suppression = 0
        self._snapshot: RegisterSnapshot | None = None
        self.rules: Sequence[Rule] = ()
        self.policy_version = ""
        self.refresh()

    @property
    def snapshot(self) -> RegisterSnapshot:
        if self._snapshot is None or self.age > STALE_AFTER:
            raise Unavailable("the register", "the store has not confirmed it for a minute")
        return self._snapshot

    @property
    def age(self) -> float:
        """Seconds since the store last confirmed it."""
        return self._clock.now() - self._confirmed_at

    def today(self) -> date:
        number = int(self._clock.now() // 86_400)
        if number != self._day[0]:
            self._day = (number, datetime.fromtimestamp(number * 86_400, UTC).date())
        return self._day[1]

    def state_of(self, integration: Integration) -> IntegrationState:
        """Its state today, by its record and the calendar; worked out once a day for each record."""
        today, known = self.today(), self._states.get(integration.id)
        if known is not None and known[0] is integration and known[1] == today:
            return known[2]
        state = state_on(integration, today, self.terms)
        self._states[integration.id] = (integration, today, state)
        return state

    def table(self, profile: Profile) -> StandingTable:
        """By which addresses are judged, with the list that is loaded. Raises Unavailable when the register is stale."""
        assert self.snapshot
        return self._tables[profile]

    def standing(self, profile: Profile, domain: str) -> StandingAnswer:
        """Whether a domain is known to be secure, by this profile's table and the list that is loaded."""
        return self._tables[profile].standing_of(domain, self.today())

    def cover(self, integration: str, to: Address, level: Sensitivity) -> Known[AgreementFacts]:
        """What the sharing agreements and the risk appetite allow for a copy."""
        return self._agreements.cover(integration, to, level, self.today())

    def suppression(self, integration: str, to: Address) -> Suppression | None:
        """The entry of the suppression list that stands against mail of this integration to that address."""
        address = str(to).lower()
        for whose in (EVERYBODY, integration):
            found = self._suppressions.get((address, whose))
            if found is not None and found.counts_at(self._clock.now()):
                return found
        return None

    def phase(self, integration: str) -> Phase:
        """Whether the integration's circuit breaker stands in its way."""
        found = self.snapshot.breakers.get(integration)
        return Phase.CLOSED if found is None else found.phase(self._clock.now())

    def refresh(self) -> None:
        """Blocking. Reads the register again when its version has moved on."""
        version = self._source.version()
        if self._snapshot is None or version != self._snapshot.version:
            snapshot = self._source.snapshot()
            self._tables = {
                profile: StandingTable(
                    profile,
                    local=self._local_rows,
                    accredited=snapshot.accredited,
                    list_version=snapshot.list_version,
                )
                for profile in Profile
            }
            self._agreements = AgreementTable(snapshot.agreements.values(), snapshot.appetite.level)
            self.rules = rules_in_force(read_text(snapshot.policy.rows))
            self.policy_version = (
                f"{POLICY_VERSION}/{snapshot.policy.name}" if snapshot.policy.number else POLICY_VERSION
            )
            self._snapshot = snapshot
        for each in self._source.suppressions_since(self._last_suppression):
            self._suppressions[each.address, each.integration_id] = each
            self._last_suppression = each.number
        self._confirmed_at = self._clock.now()

    async def follow(self) -> None:
        """Runs for as long as the process does."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await asyncio.to_thread(self.refresh)
            except Unavailable as error:
                log.warning('event=register_not_confirmed part="%s"', error.part)
            except Exception:
                log.exception("event=register_unreadable")

"""Conditions on what the register says of the integration itself (RECV-8, SEC-3)."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.integration import IntegrationState
from wardmail.policy.facts import Facts

_WORDS = {
    IntegrationState.DRAFT: "is a draft",
    IntegrationState.TRIAL: "is in its trial",
    IntegrationState.LIVE: "is live",
    IntegrationState.DUE: "is due for review or not complete",
    IntegrationState.LAPSED: "has lapsed",
    IntegrationState.SUSPENDED: "is suspended",
    IntegrationState.RETIRED: "is retired",
}


@dataclass(frozen=True, slots=True)
class IntegrationStateIs:
    state: IntegrationState

    def holds(self, facts: Facts) -> bool | None:
        return facts.register.state is self.state

    def sentence(self) -> str:
        return f"the integration {_WORDS[self.state]}"


@dataclass(frozen=True, slots=True)
class RecipientIsOnTheTeam:
    def holds(self, facts: Facts) -> bool | None:
        return facts.register.to_team

    def sentence(self) -> str:
        return "the recipient is one of the integration's named team"


@dataclass(frozen=True, slots=True)
class HasIamsReference:
    def holds(self, facts: Facts) -> bool | None:
        return facts.register.has_iams

    def sentence(self) -> str:
        return "the integration's IAMS reference is recorded"

"""Conditions on how mail flows: mass mail, the routes that may carry it, and addresses that mail must not go to."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.policy.facts import Facts, Missing


@dataclass(frozen=True, slots=True)
class IsBulk:
    def holds(self, facts: Facts) -> bool | None:
        return None if isinstance(facts.bulk, Missing) else facts.bulk.value

    def sentence(self) -> str:
        return "the message is mass mail"


@dataclass(frozen=True, slots=True)
class RouteCarriesBulk:
    def holds(self, facts: Facts) -> bool | None:
        return None if isinstance(facts.route, Missing) else facts.route.value.carries_bulk

    def sentence(self) -> str:
        return "the route carries mass mail"


@dataclass(frozen=True, slots=True)
class RouteIsUserFacing:
    def holds(self, facts: Facts) -> bool | None:
        return None if isinstance(facts.route, Missing) else facts.route.value.user_facing

    def sentence(self) -> str:
        return "the route is a mail service of people"


@dataclass(frozen=True, slots=True)
class IsSuppressed:
    def holds(self, facts: Facts) -> bool | None:
        return None if isinstance(facts.suppressed, Missing) else facts.suppressed.value

    def sentence(self) -> str:
        return "the recipient is on the suppression list"


@dataclass(frozen=True, slots=True)
class IntegrationIsPaused:
    def holds(self, facts: Facts) -> bool | None:
        return facts.paused

    def sentence(self) -> str:
        return "the integration is paused by its circuit breaker"

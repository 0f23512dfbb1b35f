"""What a decision is made from: everything known about one recipient's copy, and what could not be found out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from wardmail.model.address import Address
from wardmail.model.classification import Sensitivity
from wardmail.model.integration import IntegrationState
from wardmail.model.route import RouteKind, TlsLevel
from wardmail.model.standing import StandingAnswer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class Missing:
    """The world did not answer. A condition on a missing fact can only tighten the decision."""

    why: str


Fact = Known[T] | Missing


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """A route as the policy sees it; `accredited` means DCB1596 evidence that is in date today."""

    name: str
    kind: RouteKind
    accredited: bool
    has_secure_tag: bool
    tls: TlsLevel


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """The integration's own record today; `to_team`: the recipient is one whom its trial may write to."""

    state: IntegrationState = IntegrationState.LIVE
    to_team: bool = False
    has_iams: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """One recipient's copy. `route` is the integration's own; `released_by` names the person who released a hold."""

    integration: str
    integration_active: bool
    recipient: Address
    sensitivity: Sensitivity
    standing: Fact[StandingAnswer]
    route: Fact[RouteFacts]
    time_critical: bool = False
    require_tls: bool = False
    released_by: str | None = None
    register: RegisterFacts = RegisterFacts()

"""What a decision is made from: everything known about one recipient's copy, and what could not be found out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
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


NO: Known[bool] = Known(False)


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """A route as the policy sees it; `accredited` means DCB1596 evidence that is in date today."""

    name: str
    kind: RouteKind
    accredited: bool
    has_secure_tag: bool
    tls: TlsLevel
    user_facing: bool = False
    carries_bulk: bool = False


class Cover(StrEnum):
    """What the sharing agreements and the risk appetite together allow for this copy (SHARE-6)."""

    NONE = "none"
    ENCRYPTED = "encrypted"
    VERIFIED_TLS = "verified-tls"


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """`agreement` is the one that covers this copy, empty where there is none; `why` says it in words."""

    cover: Cover
    agreement: str
    why: str


NO_AGREEMENT = Known(AgreementFacts(Cover.NONE, "", "no sharing agreement covers it"))


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """The integration's own record today; `to_team`: the recipient is one whom its trial may write to."""

    state: IntegrationState = IntegrationState.LIVE
    to_team: bool = False
    has_iams: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """One recipient's copy. `route` is the way it would take: the integration's own, or for mass mail its bulk route.

    `released_by` names the person who released a hold, `seconded_by` the other one where two must agree.
    """

    integration: str
    integration_active: bool
    recipient: Address
    sensitivity: Sensitivity
    standing: Fact[StandingAnswer]
    route: Fact[RouteFacts]
    time_critical: bool = False
    require_tls: bool = False
    released_by: str | None = None
    seconded_by: str | None = None
    agreement: Fact[AgreementFacts] = NO_AGREEMENT
    bulk: Fact[bool] = NO
    suppressed: Fact[bool] = NO
    paused: bool = False
    register: RegisterFacts = RegisterFacts()

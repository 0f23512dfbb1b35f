"""The closed vocabulary of conditions: each answers yes, no or cannot tell, and can say itself in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wardmail.model.classification import Sensitivity
from wardmail.model.route import RouteKind
from wardmail.model.standing import Standing
from wardmail.policy.facts import Cover, Facts, Missing


class Condition(Protocol):
    def holds(self, facts: Facts) -> bool | None:
        """True, False, or None when a fact that it needs is missing."""
        ...

    def sentence(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Always:
    def holds(self, facts: Facts) -> bool | None:
        return True

    def sentence(self) -> str:
        return "always"


@dataclass(frozen=True, slots=True)
class SensitivityAtLeast:
    level: Sensitivity

    def holds(self, facts: Facts) -> bool | None:
        return facts.sensitivity >= self.level

    def sentence(self) -> str:
        return f"the message is {self.level.label} or above"


@dataclass(frozen=True, slots=True)
class StandingIs:
    standing: Standing

    def holds(self, facts: Facts) -> bool | None:
        if isinstance(facts.standing, Missing):
            return None
        return facts.standing.value.standing is self.standing

    def sentence(self) -> str:
        words = {Standing.UNKNOWN: "not known to be secure", Standing.NOT_SECURE: "known not to be secure"}
        return f"the recipient's domain is {words.get(self.standing, self.standing.value)}"


@dataclass(frozen=True, slots=True)
class RouteKindIs:
    kind: RouteKind

    def holds(self, facts: Facts) -> bool | None:
        return None if isinstance(facts.route, Missing) else facts.route.value.kind is self.kind

    def sentence(self) -> str:
        return f"the route is a {self.kind.value} route"


@dataclass(frozen=True, slots=True)
class RouteIsAccredited:
    def holds(self, facts: Facts) -> bool | None:
        return None if isinstance(facts.route, Missing) else facts.route.value.accredited

    def sentence(self) -> str:
        return "the route's DCB1596 accreditation is in date"


@dataclass(frozen=True, slots=True)
class RouteHasSecureTag:
    def holds(self, facts: Facts) -> bool | None:
        return None if isinstance(facts.route, Missing) else facts.route.value.has_secure_tag

    def sentence(self) -> str:
        return "the route can encrypt when the subject asks for it"


@dataclass(frozen=True, slots=True)
class IntegrationIsActive:
    def holds(self, facts: Facts) -> bool | None:
        return facts.integration_active

    def sentence(self) -> str:
        return "the integration is active"


@dataclass(frozen=True, slots=True)
class IsTimeCritical:
    def holds(self, facts: Facts) -> bool | None:
        return facts.time_critical

    def sentence(self) -> str:
        return "the message is marked time-critical"


@dataclass(frozen=True, slots=True)
class RequiresTls:
    def holds(self, facts: Facts) -> bool | None:
        return facts.require_tls

    def sentence(self) -> str:
        return "the sender asked for TLS on every hop"


@dataclass(frozen=True, slots=True)
class AgreementAllows:
    """A sharing agreement covers the copy, and it and the risk appetite are content with this much."""

    cover: Cover

    def holds(self, facts: Facts) -> bool | None:
        return None if isinstance(facts.agreement, Missing) else facts.agreement.value.cover is self.cover

    def sentence(self) -> str:
        return {
            Cover.NONE: "the copy is outside every sharing agreement that may be used",
            Cover.ENCRYPTED: "a sharing agreement is content with encrypted content",
            Cover.VERIFIED_TLS: "a sharing agreement is content with verified TLS",
        }[self.cover]


@dataclass(frozen=True, slots=True)
class RecipientIs:
    address: str

    def holds(self, facts: Facts) -> bool | None:
        return str(facts.recipient).lower() == self.address.lower()

    def sentence(self) -> str:
        return f"the recipient is {self.address}"


@dataclass(frozen=True, slots=True)
class RecipientIsAt:
    """`domain` is in A-labels and exact; `*.x.example` means every name below x.example, as in the lists."""

    domain: str

    def holds(self, facts: Facts) -> bool | None:
        wanted = self.domain.lower()
        if wanted.startswith("*."):
            return facts.recipient.domain.endswith(wanted[1:])
        return facts.recipient.domain == wanted

    def sentence(self) -> str:
        return f"the recipient is at {self.domain}"


@dataclass(frozen=True, slots=True)
class IntegrationIs:
    integration: str

    def holds(self, facts: Facts) -> bool | None:
        return facts.integration == self.integration

    def sentence(self) -> str:
        return f"it comes from {self.integration}"


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition

    def holds(self, facts: Facts) -> bool | None:
        answer = self.condition.holds(facts)
        return None if answer is None else not answer

    def sentence(self) -> str:
        said = self.condition.sentence()
        if isinstance(self.condition, AnyOf):
            return " and ".join(Not(each).sentence() for each in self.condition.conditions)
        if not isinstance(self.condition, AllOf):
            for verb, denied in ((" is ", " is not "), (" can ", " cannot "), (" carries ", " does not carry ")):
                if verb in said:
                    return said.replace(verb, denied, 1)
        return f"it is not so that {said}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Three-valued *and*: one certain No settles it, even when another part cannot be told."""

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if not self.conditions:
            raise ValueError("AllOf() with no conditions would always hold; write Always() if that is meant")

    def holds(self, facts: Facts) -> bool | None:
        answer: bool | None = True
        for condition in self.conditions:
            part = condition.holds(facts)
            if part is False:
                return False
            if part is None:
                answer = None
        return answer

    def sentence(self) -> str:
        return " and ".join(condition.sentence() for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Three-valued *or*: one certain Yes settles it."""

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if not self.conditions:
            raise ValueError("AnyOf() with no conditions would never hold")

    def holds(self, facts: Facts) -> bool | None:
        answer: bool | None = False
        for condition in self.conditions:
            part = condition.holds(facts)
            if part is True:
                return True
            if part is None:
                answer = None
        return answer

    def sentence(self) -> str:
        return " or ".join(condition.sentence() for condition in self.conditions)

"""The closed vocabulary of effects: what a rule that holds does to the decision."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.decision import Protection
from wardmail.model.refusal import Refusal
from wardmail.model.route import TlsLevel


@dataclass(frozen=True, slots=True)
class Refuse:
    refusal: Refusal

    def sentence(self) -> str:
        return "refuse it"


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait for a person. `urgent` alerts somebody at once; a release lifts a `releasable` one.

    `two_people`: one proposes the release, another one agrees.
    """

    urgent: bool = False
    releasable: bool = True
    two_people: bool = False

    def sentence(self) -> str:
        people = "two people" if self.two_people else "a person"
        return f"hold it and alert {people} at once" if self.urgent else f"hold it for {people}"


@dataclass(frozen=True, slots=True)
class Protect:
    protection: Protection

    def sentence(self) -> str:
        return {Protection.SECURE_TAG: "ask the upstream to encrypt it, by the tag in the subject"}[self.protection]


@dataclass(frozen=True, slots=True)
class RequireTls:
    level: TlsLevel

    def sentence(self) -> str:
        return {
            TlsLevel.NONE: "use TLS when it is offered",
            TlsLevel.ENCRYPTED: "require TLS",
            TlsLevel.VERIFIED: "require TLS with the receiver's name verified",
        }[self.level]


@dataclass(frozen=True, slots=True)
class RouteByIntegration:
    """Open the integration's own route: the only effect that lets anything out."""

    def sentence(self) -> str:
        return "send it by the integration's route"


Effect = Refuse | Hold | Protect | RequireTls | RouteByIntegration

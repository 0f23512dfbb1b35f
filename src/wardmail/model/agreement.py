"""A sharing agreement with another organisation, and how much risk this one takes (SHARE-6, SHARE-1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from wardmail.model.classification import Sensitivity
from wardmail.model.person import Approval, independent


class AgreedProtection(StrEnum):
    """What the agreement asks for besides its being there: content that is encrypted, or TLS with a verified name."""

    ENCRYPTED = "encrypted"
    VERIFIED_TLS = "verified-tls"


class AgreementStanding(StrEnum):
    UNSIGNED = "unsigned"
    TO_COME = "to-come"
    IN_FORCE = "in-force"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Agreement:
    """`domains` are exact, or `*.x.example` for every name below; `integrations` empty means all of them.

    It counts only when information governance and clinical safety have both signed it off. `ends` is its last day.
    """

    id: str
    partner: str
    purpose: str
    information: str
    document: str
    domains: tuple[str, ...]
    starts: date
    ends: date
    addresses: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    highest: Sensitivity = Sensitivity.OFFICIAL_SENSITIVE
    protection: AgreedProtection = AgreedProtection.ENCRYPTED
    lawful_basis: str = ""
    partner_contact: str = ""
    governance: Approval | None = None
    clinical_safety: Approval | None = None
    ended: Approval | None = None

    def standing(self, today: date) -> AgreementStanding:
        if self.ended is not None or today > self.ends:
            return AgreementStanding.ENDED
        if self.governance is None or self.clinical_safety is None:
            return AgreementStanding.UNSIGNED
        return AgreementStanding.TO_COME if today < self.starts else AgreementStanding.IN_FORCE


class Appetite(StrEnum):
    """What an agreement may open. The guide's options for a domain that is not known to be secure: wait, or encrypt."""

    WAIT = "wait"
    ENCRYPTED = "encrypted"
    VERIFIED_TLS = "verified-tls"


@dataclass(frozen=True, slots=True)
class RiskAppetite:
    """One statement of the board's; it counts when two people besides its author have approved it (SHARE-6)."""

    number: int
    level: Appetite
    reason: str
    document: str
    author: str
    stated_at: float
    approvals: tuple[Approval, ...] = ()
    withdrawn: Approval | None = None


CAUTIOUS = RiskAppetite(0, Appetite.WAIT, "nothing else has been decided", "", "wardmail", 0.0)
"""Until somebody decides: agreements are kept, and open nothing."""


def appetite_in_force(statements: tuple[RiskAppetite, ...]) -> RiskAppetite:
    """The newest that two people approved and nobody has withdrawn."""
    counting = [each for each in statements if is_approved(each) and each.withdrawn is None]
    return max(counting, key=lambda each: each.number, default=CAUTIOUS)


def is_approved(statement: RiskAppetite) -> bool:
    return len(independent(statement.author, statement.approvals)) >= 2

"""What is to happen to one recipient's copy, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.refusal import Refusal
from wardmail.model.route import TlsLevel


class Outcome(StrEnum):
    DELIVER = "deliver"
    PROTECT = "protect"
    HOLD = "hold"
    REFUSE = "refuse"


class Protection(StrEnum):
    """Ways to protect content beyond TLS; each is something that the transformation stage knows how to do."""

    SECURE_TAG = "secure-tag"


@dataclass(frozen=True, slots=True)
class RuleHit:
    """One rule that spoke: `rule` is its ID, `source` the requirement that asked for it, `sentence` what it says."""

    rule: str
    source: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One recipient, one decision. `refusal` is set exactly when the outcome is REFUSE."""

    outcome: Outcome
    route: str | None
    tls: TlsLevel
    protections: frozenset[Protection] = frozenset()
    because: tuple[RuleHit, ...] = ()
    refusal: Refusal | None = None
    urgent: bool = False

    @property
    def reason(self) -> str:
        """The last word in one line: the sentences of the rules that decided."""
        return "; ".join(hit.sentence for hit in self.because)

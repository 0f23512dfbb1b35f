"""Judges again what was accepted lately, by other rules than those in force: what would change, and for how many copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from wardmail.model.address import Address
from wardmail.policy.changes import decision_change
from wardmail.policy.evaluate import Rule
from wardmail.policy.explain import headline
from wardmail.policy.facts_codec import facts_from_text

Judged = tuple[str, str, str, str]
"""Message ID, integration, recipient and the stored facts of one copy."""


@dataclass(frozen=True, slots=True)
class TrialChange:
    """Copies that would fare alike; `example` is a message among them."""

    copies: int
    integration: str
    domain: str
    now: str
    would: str
    because: str
    example: str


@dataclass(frozen=True, slots=True)
class Trial:
    """`seen` copies were judged; the changes with the most copies first."""

    seen: int
    changes: tuple[TrialChange, ...]

    @property
    def changed(self) -> int:
        return sum(each.copies for each in self.changes)


def trial(
    before: Sequence[Rule],
    after: Sequence[Rule],
    copies: Iterable[Judged],
    tell: Callable[[int], None] = lambda _: None,
) -> Trial:
    """`tell` is called with the number of copies judged so far."""
    found: Counter[tuple[str, str, str, str, str]] = Counter()
    examples: dict[tuple[str, str, str, str, str], str] = {}
    seen = 0
    for message_id, integration, recipient, text in copies:
        seen += 1
        tell(seen)
        local, _, domain = recipient.rpartition("@")
        change = decision_change(before, after, facts_from_text(text, Address(local, domain)))
        if change is not None:
            because = ", ".join(change.because) or "-"
            key = (integration, domain, headline(change.before), headline(change.after), because)
            found[key] += 1
            examples.setdefault(key, message_id)
    return Trial(seen, tuple(TrialChange(count, *key, examples[key]) for key, count in found.most_common()))

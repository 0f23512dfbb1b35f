"""When too much of an integration's mail goes wrong, it is paused: the breaker opens, is tried, and closes (SEND-3). Pure."""

from __future__ import annotations

from dataclasses import replace

from wardmail.model.traffic import Breaker, BreakerTerms, Phase, Tally

LONGEST_COOLING = 86_400.0
"""Seconds."""
_FEWEST_IN_TRIAL = 3
"""Copies that must go wrong before a trial has failed: one dead address proves nothing."""


def judge(
    integration_id: str, terms: BreakerTerms, breaker: Breaker | None, tally: Tally, now: float
) -> Breaker | None:
    """The breaker as it must be now, or None when it stays as it is. `tally` is of the phase that it is in."""
    phase = breaker.phase(now) if breaker is not None else Phase.CLOSED
    if phase is Phase.OPEN:
        return None
    if phase is Phase.CLOSED or breaker is None:
        why = _what_is_wrong(terms, tally, terms.at_least, terms.complaints_at_least)
        cooling = terms.cooling_minutes * 60.0
        number = breaker.number + 1 if breaker is not None else 1
        return Breaker(integration_id, number, now, now + cooling, cooling, why) if why else None
    why = _what_is_wrong(terms, tally, _FEWEST_IN_TRIAL, terms.complaints_at_least)
    if why:
        cooling = min(LONGEST_COOLING, 2 * breaker.cooling)
        return Breaker(integration_id, breaker.number + 1, now, now + cooling, cooling, f"the trial failed: {why}")
    if tally.all >= terms.trial_messages:
        return closed(breaker, now)
    return None


def closed(breaker: Breaker, now: float) -> Breaker:
    return replace(breaker, number=breaker.number + 1, closed_at=now)


def _what_is_wrong(terms: BreakerTerms, tally: Tally, at_least: int, complaints: int) -> str:
    """Empty when nothing is. Shares are of what was answered; complaints of what was sent in a day."""
    found = (
        (tally.bounced, tally.all, terms.bounce_percent, at_least, "went to addresses that do not exist"),
        (tally.refused, tally.all, terms.refusal_percent, at_least, "were refused by receiving servers"),
        (tally.complained, tally.sent_in_a_day, terms.complaint_percent, complaints, "were complained about"),
    )
    for bad, of, percent, least, words in found:
        if percent is not None and bad >= least and 100 * bad > percent * max(of, bad):
            return f"{bad} of {max(of, bad)} copies {words}, more than {percent:g} %"
    return ""

"""Which sharing agreements end soon or have ended, and which of them nothing carries on (SHARE-6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from wardmail.model.agreement import AgreedProtection, Agreement, AgreementStanding
from wardmail.policy.review import WARN_AT

ENDED = "ended"
_ENDED_IS_NEWS = timedelta(30)
"""What ended longer ago is told to nobody any more: a new gateway must not begin with years of old news."""

_SIGNED = (AgreementStanding.IN_FORCE, AgreementStanding.TO_COME)


@dataclass(frozen=True, slots=True)
class AgreementWarning:
    """One thing that is told once: `stage` is days ahead (60, 30, 7), or `ended`."""

    agreement: Agreement
    stage: str


def endings(agreements: Iterable[Agreement], today: date) -> Iterator[tuple[int, Agreement]]:
    """Days left and agreement, for those in force or to come, the nearest ending first."""
    open_ones = (each for each in agreements if each.standing(today) is not AgreementStanding.ENDED)
    yield from sorted((((each.ends - today).days, each) for each in open_ones), key=lambda pair: (pair[0], pair[1].id))


def agreement_warnings(agreements: Iterable[Agreement], today: date) -> Iterator[AgreementWarning]:
    """For each the nearest threshold that is passed; not for what a person ended, what never counted, or is carried on."""
    every = tuple(agreements)
    for each in every:
        stage = _stage(each, today)
        if stage and not is_carried_on(each, every, today):
            yield AgreementWarning(each, stage)


def is_carried_on(agreement: Agreement, others: Iterable[Agreement], today: date) -> bool:
    """Whether another that is signed lets go all that this one does, from the day after its end at the latest."""
    return any(each.standing(today) in _SIGNED and _goes_on(agreement, each) for each in others)


def _stage(agreement: Agreement, today: date) -> str:
    if agreement.ended is not None or agreement.governance is None or agreement.clinical_safety is None:
        return ""
    if today > agreement.ends:
        return ENDED if today - agreement.ends <= _ENDED_IS_NEWS else ""
    return next((str(days) for days in sorted(WARN_AT) if (agreement.ends - today).days <= days), "")


def _goes_on(old: Agreement, new: Agreement) -> bool:
    follows = new.ends > old.ends and new.starts <= old.ends + timedelta(1)
    has_names = {*old.domains, *old.addresses} <= {*new.domains, *new.addresses}
    has_integrations = not new.integrations or (bool(old.integrations) and {*old.integrations} <= {*new.integrations})
    asks_no_more = new.protection in (old.protection, AgreedProtection.VERIFIED_TLS) and new.highest >= old.highest
    return follows and has_names and has_integrations and asks_no_more

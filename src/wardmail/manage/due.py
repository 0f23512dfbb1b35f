"""What somebody must see to: reviews, gaps, overrides that run, questions that wait, services to leave, evidence that ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.own_domain import Assurance, KnownDomain
from wardmail.policy.completeness import missing, on_premises
from wardmail.policy.review import Cause, ReviewTerms, deadline_of, override_on, state_on

_MENDS = {Cause.REVIEW: "--review-date …", Cause.END: "--end-date …", Cause.INCOMPLETE: "…"}

Kind = Literal["review", "incomplete", "override", "asked", "on-premises"]


@dataclass(frozen=True, slots=True)
class DueItem:
    """`on` is the day by which something must happen, when there is one; `grave` when mail is stopped already."""

    integration: str
    kind: Kind
    what: str
    to_do: str
    on: date | None = None
    grave: bool = False


@dataclass(frozen=True, slots=True)
class DueAssurance:
    domain: str
    shown: Assurance
    is_over: bool


def due_items(
    integrations: Iterable[Integration], today: date, terms: ReviewTerms, *, within: int = 60
) -> tuple[DueItem, ...]:
    """The most urgent first; `within` days ahead. Drafts and what is retired ask nothing of anybody."""
    found = [
        item
        for each in integrations
        if each.state is not IntegrationState.RETIRED
        for item in _items(each, today, terms, today + timedelta(within))
    ]
    return tuple(sorted(found, key=lambda item: (not item.grave, item.on or date.max, item.integration)))


def due_assurances(known: Iterable[KnownDomain], today: date, *, within: int = 60) -> tuple[DueAssurance, ...]:
    """What other organisations showed and does not count any more, or not for long; the oldest first."""
    found = [
        DueAssurance(each.name, shown, not shown.counts_on(today))
        for each in known
        for shown in each.assurances
        if shown.until <= today + timedelta(within)
    ]
    return tuple(sorted(found, key=lambda each: (each.shown.until, each.domain)))


def _items(integration: Integration, today: date, terms: ReviewTerms, until: date) -> Iterator[DueItem]:
    name, record = integration.id, integration.registration
    deadline = deadline_of(integration, terms)
    override = override_on(integration, today)
    if deadline is not None and deadline.on <= until:
        yield _deadline(integration, today, terms)
    if override is not None:
        words = (
            f"an override by {override.ask.by} and {override.by} runs until {override.ask.until}: {override.ask.reason}"
        )
        yield DueItem(
            name, "override", words, f"Mend the record: wardmail integration change {name}", override.ask.until
        )
    if integration.state is IntegrationState.LIVE and missing(integration):
        lacks = ", ".join(each.words for each in missing(integration))
        yield DueItem(name, "incomplete", f"it lacks {lacks}", f"wardmail integration change {name} …")
    for ask in record.asks:
        command = "override" if ask.matter == "override" else "go-live" if ask.matter == "go-live" else "sign-off"
        words = f"{ask.by} asks for {ask.matter.value}: {ask.reason}"
        yield DueItem(name, "asked", words, f"Another person: wardmail integration {command} {name} … --approve")
    if on_premises(integration) and integration.state is not IntegrationState.DRAFT:
        yield _leaving(integration, today)


def _deadline(integration: Integration, today: date, terms: ReviewTerms) -> DueItem:
    deadline = deadline_of(integration, terms)
    assert deadline is not None
    state, name = state_on(integration, today, terms), integration.id
    refused_on = deadline.on + timedelta(terms.grace_days)
    to_do = f"wardmail integration change {name} {_MENDS[deadline.cause]} --reason …"
    if state is IntegrationState.LAPSED:
        return DueItem(name, "review", f"its mail is refused: {deadline.cause.value}", to_do, deadline.on, grave=True)
    if state is IntegrationState.DUE:
        words = f"its mail is held, and refused from {refused_on}: {deadline.cause.value}"
        return DueItem(name, "review", words, to_do, deadline.on, grave=True)
    if today >= deadline.on:
        return DueItem(name, "review", f"{deadline.cause.value}, and it sends by an override", to_do, deadline.on)
    left = (deadline.on - today).days
    words = f"it falls due in {left} day{'s' * (left != 1)}; from then on its mail is held"
    return DueItem(name, "review", words, to_do, deadline.on)


def _leaving(integration: Integration, today: date) -> DueItem:
    record, name = integration.registration, integration.id
    service = record.upstream_service or "its upstream"
    to_do = f"wardmail integration change {name} --hosting cloud …, or a new --migration-ends"
    if record.migration_ends is not None and record.migration_ends < today:
        return DueItem(
            name, "on-premises", f"{service} was to be left by {record.migration_ends}", to_do, record.migration_ends
        )
    return DueItem(name, "on-premises", f"{service} is on premises still", to_do, record.migration_ends)

"""Moves an integration through its life, each step with a name and a reason, and the grave ones with two (RECV-8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from wardmail.manage.accounts import account_problem
from wardmail.manage.integrations import BadInput
from wardmail.model.integration import TRANSITIONS, Integration, IntegrationState, Step
from wardmail.model.registration import Ask, Contact, Matter, SignOff
from wardmail.policy.completeness import about, is_abroad, missing, on_premises

OPERATIONAL = frozenset({"name", "limits", "networks", "contacts", "detect_nhs_numbers"})
"""What may change on a live integration without information governance."""

_RESUMING = (Step.RESUME_LIVE, Step.RESUME_TRIAL)


def moved(integration: Integration, step: Step) -> Integration | BadInput:
    """One step of its life, by the table."""
    state = TRANSITIONS.get((integration.state, step))
    if state is None:
        return BadInput(f"{integration.id} is {integration.state.value}: {step.value} does not lead on from there.")
    if state is IntegrationState.LIVE and integration.registration.signed_off(Matter.GO_LIVE) is None:
        return BadInput(f"{integration.id} has never gone live.")
    return replace(integration, state=state)


def resumed(integration: Integration) -> Integration | BadInput:
    """Back to where it was before it was suspended."""
    was_live = integration.registration.signed_off(Matter.GO_LIVE) is not None
    return moved(integration, _RESUMING[0] if was_live else _RESUMING[1])


def checked(
    after: Integration, before: Integration | None, others: Mapping[str, Integration], people: Iterable[Contact] = ()
) -> Integration | BadInput:
    """What is wrong with a record as a whole; a live one may not come to lack what it has."""
    record = after.registration
    if before is not None and before.state is IntegrationState.RETIRED:
        return BadInput(f"{after.id} is retired, and changes no more.")
    if record.owner and record.deputy and record.owner.email.lower() == record.deputy.email.lower():
        return BadInput("The deputy is somebody other than the owner.")
    if record.handles is not None and record.handles < after.default_sensitivity:
        return BadInput(f"It handles at least its default classification, {after.default_sensitivity.label}.")
    if before is None or before.registration.upstream_account != record.upstream_account:
        problem = account_problem(after, others, people)
        if problem is not None:
            return problem
    if before is not None and before.state is IntegrationState.LIVE:
        lost = [each.words for each in missing(after) if each not in missing(before)]
        if lost:
            return BadInput(f"{after.id} is live, and would lack {', '.join(lost)}. Say that in the same command.")
    mended = record.incomplete_since is not None and not missing(after)
    return replace(after, registration=replace(record, incomplete_since=None)) if mended else after


def asked(integration: Integration, ask: Ask, *, longest_days: int = 30) -> Integration | BadInput:
    """Put a question to a second person; a newer one in the same matter takes the place of the older."""
    problem = _cannot_ask(integration, ask, longest_days)
    if problem:
        return BadInput(problem)
    record = integration.registration
    ask = replace(ask, about=about(integration, ask.matter))
    kept = tuple(each for each in record.asks if each.matter is not ask.matter)
    return replace(integration, registration=replace(record, asks=(*kept, ask)))


def approved(integration: Integration, matter: Matter, *, by: str, at: float, reason: str) -> Integration | BadInput:
    """The second person's yes. For going live, the caller has looked at the tasks in the same transaction."""
    record = integration.registration
    ask = record.asked(matter)
    if ask is None:
        return BadInput(f"Nobody has asked for that ({matter.value}).")
    if ask.by == by:
        return BadInput(f"{by} asked for it: a yes is another person's.")
    if ask.about != about(integration, matter):
        return BadInput("The record has changed since that was asked. Look at it, and have it asked again.")
    if ask.until is not None and ask.until < _day(at):
        return BadInput(f"It was asked for until {ask.until}, and that is over. It must be asked again.")
    rest = tuple(each for each in record.asks if each is not ask)
    record = replace(record, asks=rest, sign_offs=(*record.sign_offs, SignOff(ask, by, at, reason)))
    integration = replace(integration, registration=record)
    return moved(integration, Step.GO_LIVE) if matter is Matter.GO_LIVE else integration


def _cannot_ask(integration: Integration, ask: Ask, longest_days: int) -> str:
    state = integration.state
    match ask.matter:
        case Matter.GO_LIVE if state is not IntegrationState.TRIAL:
            return f"{integration.id} is {state.value}; only an integration in its trial goes live."
        case Matter.OVERRIDE:
            return _cannot_override(integration, ask, longest_days)
        case Matter.ON_PREMISES if not on_premises(integration):
            return f"{integration.id} is not said to use an on-premises service (--hosting)."
        case Matter.ON_PREMISES if integration.registration.migration_ends is None:
            return "An exception needs a plan and a day: --migration-plan, --migration-ends."
        case Matter.LOCATION if not is_abroad(integration):
            return f"{integration.id} is not said to be held outside the United Kingdom (--location)."
        case _:
            return ""


def _cannot_override(integration: Integration, ask: Ask, longest_days: int) -> str:
    if integration.state is not IntegrationState.LIVE:
        return f"{integration.id} is {integration.state.value}; only what has gone live falls due."
    today, until = _day(ask.at), ask.until or date.min
    if not today <= until <= today + timedelta(longest_days):
        return f"An override ends between today and {today + timedelta(longest_days)} (register.override_days)."
    return ""


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()

"""What people write into an integration's record: its options, and who may change which of them when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from wardmail.manage.integration_life import OPERATIONAL
from wardmail.manage.integrations import BadInput, Forbidden, checked_networks, checked_senders
from wardmail.manage.registration import FIELDS, LEVELS, Writing, written
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.person import Permission, Person
from wardmail.model.standing import Profile

CEILINGS = ("messages_per_minute", "messages_per_day", "recipients_per_day", "recipients_per_minute")
_PLAIN = (("title", "name"), ("route", "route"), ("detect_nhs_numbers",) * 2, ("null_sender", "may_use_null_sender"))
_UNTOLD = frozenset({"registration", "version", "changed_at", "changed_by"})


def rewritten(integration: Integration, options: Mapping[str, Any], writing: Writing) -> Integration | BadInput:
    """The record as the given options change it; what is not given (None, or no value) stays."""
    given = {name: value for name, value in options.items() if value is not None and value != ()}
    texts = {
        field.option: value if isinstance(value, tuple) else (value,)
        for field in FIELDS
        if (value := given.get(field.option.replace("-", "_"))) is not None
    }
    record = written(integration.registration, texts, writing)
    if isinstance(record, BadInput):
        return replace(record, code="WM-RECORD")
    changes = _technical(integration, given)
    return changes if isinstance(changes, BadInput) else replace(integration, **changes, registration=record)


def not_allowed(before: Integration, after: Integration, actor: Person, reason: str) -> Forbidden | BadInput | None:
    """A draft is its developer's; what was approved as it stands changes with information governance's knowledge."""
    if before.state not in {IntegrationState.LIVE, IntegrationState.SUSPENDED}:
        return None
    if not reason:
        return BadInput(f"{before.id} is {before.state.value}: say --reason.")
    touched = _touched(before, after) - OPERATIONAL
    needed = Permission.GOVERN_INTEGRATIONS if touched else Permission.RUN_INTEGRATIONS
    if actor.may(needed):
        return None
    what = ", ".join(sorted(touched)) or "its settings"
    return Forbidden(f"{before.id} is {before.state.value}, and {actor.id} may not {needed.words}, to change {what}.")


def _touched(before: Integration, after: Integration) -> set[str]:
    pairs = ((before, after), (before.registration, after.registration))
    return {
        field.name
        for old, new in pairs
        for field in fields(old)
        if field.name not in _UNTOLD and getattr(old, field.name) != getattr(new, field.name)
    }


def _technical(integration: Integration, given: Mapping[str, Any]) -> dict[str, Any] | BadInput:
    changes: dict[str, Any] = {field: given[option] for option, field in _PLAIN if option in given}
    if "senders" in given:
        changes["senders"] = checked_senders(given["senders"])
    if "networks" in given:
        changes["networks"] = checked_networks(tuple(each for each in given["networks"] if each))
    for name, code in (("senders", "WM-SENDER"), ("networks", "WM-NETWORK")):
        problem = changes.get(name)
        if isinstance(problem, BadInput):
            return replace(problem, code=code)
    if "profile" in given:
        changes["profile"] = Profile(given["profile"])
    if "classification" in given:
        changes["default_sensitivity"] = LEVELS[given["classification"]]
    ceilings: dict[str, Any] = {name: given[name] or None for name in CEILINGS if name in given}
    if "recipients_per_message" in given:
        ceilings["recipients_per_message"] = given["recipients_per_message"]
    changes["limits"] = replace(integration.limits, **ceilings)
    return changes

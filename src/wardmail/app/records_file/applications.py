"""Integrations of a records file, and their limits: what people wrote; no state, tick or approval comes from a file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import click

from wardmail.app.commands import limits
from wardmail.app.commands.integration import record_file
from wardmail.app.commands.integration.drafting import change_by_options, create_record, step_for
from wardmail.app.failures import CommandFailed
from wardmail.app.records_file.plan import Plan, Step, changes
from wardmail.manage.integrations import BadInput, Forbidden, checked_name
from wardmail.manage.registration import FIELDS
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.person import Permission
from wardmail.model.register import RegisterSnapshot
from wardmail.model.traffic import Traffic

_LIMITS = {each.opts[0].removeprefix("--"): each for each in limits.set_.params if each.name in limits.TRAFFIC_KEYS}


def kept(snapshot: RegisterSnapshot) -> list[Integration]:
    """A retired one is history: in another installation it would begin anew."""
    return [each for each in snapshot.integrations.values() if each.state is not IntegrationState.RETIRED]


def write_integrations(snapshot: RegisterSnapshot) -> dict[str, Any]:
    return {each.id: record_file.table_of(each) for each in kept(snapshot)}


def write_limits(snapshot: RegisterSnapshot) -> dict[str, Any]:
    return {each.id: _limits_of(each.traffic) for each in kept(snapshot)}


def plan_integrations(plan: Plan, tables: Mapping[str, Any]) -> None:
    for name, table in plan.rows(tables, "integration").items():
        try:
            _plan_integration(plan, name, table)
        except CommandFailed as failure:
            plan.fault(f"integration.{name}", failure.what)


def plan_limits(plan: Plan, tables: Mapping[str, Any]) -> None:
    for name, table in plan.rows(tables, "limits").items():
        where = f"limits.{name}"
        integration = plan.integrations.get(name)
        if integration is None:
            plan.fault(where, f"There is no integration {name}, here or in the file")
            continue
        before, faults = integration.traffic, len(plan.faults)
        given = {key: value for key, value in table.items() if _is_limit(plan, f"{where}.{key}", key, value)}
        if len(plan.faults) > faults:
            continue
        options = {key.replace("-", "_"): value for key, value in given.items()}
        after = limits.with_limits(before, options)
        route = plan.routes.get(after.bulk_route)
        if after.bulk_route and (route is None or not route.carries_bulk):
            plan.fault(f"{where}.bulk-route", f"There is no route {after.bulk_route} that carries mass mail")
        if after != before:
            told = changes(_limits_of(before), _limits_of(after))
            do = partial(limits.save_limits, plan.installation, name, options, plan.actor.id)
            plan.steps.append(Step("limits", name, False, told, Permission.RUN_INTEGRATIONS, do))


def _plan_integration(plan: Plan, name: str, table: Mapping[str, Any]) -> None:
    where, before = f"integration.{name}", plan.integrations.get(name)
    if plan.usable(where, checked_name(name)) is None:
        return
    given = record_file.options_of(name, table)
    missing = [each for each in ("route", "senders") if not given.get(each)]
    if missing:
        plan.fault(where, f"lacks {', '.join(missing)}")
        return
    if given["route"] not in plan.routes:
        plan.fault(f"{where}.route", f"There is no route {given['route']}, here or in the file")
    blank = Integration(name, name, given["route"], ())
    options = _whole(blank, given)
    step = step_for(plan.installation, options, plan.actor, plan.reason, tuple(plan.people.values()))
    after = step(before or blank, plan.integrations)
    if isinstance(after, BadInput | Forbidden):
        after = _unchanged(before, table) or after
    if isinstance(after, BadInput | Forbidden):
        plan.fault(where, after.reason)
        return
    told = changes(record_file.table_of(before) if before else None, record_file.table_of(after))
    plan.integrations[name] = after
    if told:
        needs = Permission.DRAFT_INTEGRATIONS
        then = "" if before else f"wardmail integration trial {name}, and credential add {name}"
        do = partial(_save, plan, blank, options, new=before is None)
        plan.steps.append(Step("integration", name, before is None, told, needs, do, then))


def _unchanged(before: Integration | None, table: Mapping[str, Any]) -> Integration | None:
    """What is live asks for a reason, and what is retired changes no more: but the file asks for nothing."""
    return before if before is not None and record_file.table_of(before) == dict(table) else None


def _whole(blank: Integration, given: Mapping[str, Any]) -> dict[str, Any]:
    """A section is a whole record: what it does not say is as in a new one."""
    default = record_file.options_of(blank.id, {**record_file.table_of(blank), "route": "x"})
    empty = {each.option.replace("-", "_"): ("",) if each.several else "" for each in FIELDS}
    return {**empty, **default, **given}


def _save(plan: Plan, blank: Integration, options: Mapping[str, Any], *, new: bool) -> None:
    if new:
        create_record(plan.installation, blank, options, plan.actor)
    else:
        change_by_options(plan.installation, blank.id, options, plan.actor, plan.reason)


def _limits_of(traffic: Traffic) -> dict[str, Any]:
    """Under the names of the options of `limits set`; 0 is off."""
    values = {
        "bulk-route": traffic.bulk_route,
        "bulk-recipients": traffic.bulk.recipients,
        "bulk-window-minutes": traffic.bulk.window_minutes,
        "bulk-fan-out": traffic.bulk.fan_out,
        "sender-messages-per-minute": traffic.sender_messages_per_minute,
        "sender-recipients-per-day": traffic.sender_recipients_per_day,
        "bounce-percent": traffic.breaker.bounce_percent,
        "refusal-percent": traffic.breaker.refusal_percent,
        "complaint-percent": traffic.breaker.complaint_percent,
        "cooling-minutes": traffic.breaker.cooling_minutes,
    }
    return {key: 0 if value is None else value for key, value in values.items()}


def _is_limit(plan: Plan, where: str, key: str, value: object) -> bool:
    option = _LIMITS.get(key)
    if option is None:
        plan.fault(where, "is not known")
        return False
    kinds = (str,) if key == "bulk-route" else (int,) if isinstance(option.type, click.IntRange) else (int, float)
    if type(value) not in kinds:
        plan.fault(where, f"is no {'text' if kinds == (str,) else 'number' if float in kinds else 'whole number'}")
        return False
    try:
        option.type.convert(value, option, None)
    except click.BadParameter as error:
        plan.fault(where, error.message)
        return False
    return True

"""Routes, sources, handovers and webhooks of a records file: the ways out, the ways in, and whom programs hear from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from wardmail.app.failures import CONFLICT, CommandFailed
from wardmail.app.output import today_of
from wardmail.app.record_tables import record_of, table_of
from wardmail.app.records_file.plan import Plan, Step, changes
from wardmail.manage.integrations import checked_name
from wardmail.manage.routes import problems as route_problems
from wardmail.manage.sources import Known, handover_problems, source_problems
from wardmail.manage.webhooks import endpoint_problem
from wardmail.model.handover import Handover
from wardmail.model.person import Permission, Person
from wardmail.model.register import RegisterSnapshot
from wardmail.model.registration import Contact
from wardmail.model.route import Route
from wardmail.model.secret_reference import is_reference
from wardmail.model.source import Source
from wardmail.model.webhook_endpoint import WebhookEndpoint

NO_SECRET = "its secret is not kept here yet"  # noqa: S105 (words, no secret)


def write_routes(snapshot: RegisterSnapshot) -> dict[str, Any]:
    return {each.name: table_of(each, {"name"}) for each in snapshot.routes.values()}


def write_sources(snapshot: RegisterSnapshot) -> dict[str, Any]:
    return {each.name: table_of(each, {"name"}) for each in snapshot.sources.values()}


def write_handovers(snapshot: RegisterSnapshot) -> dict[str, Any]:
    return {each.integration: table_of(each, {"integration"}) for each in snapshot.handovers.values()}


def webhook_table(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return table_of(endpoint, {"id", "stopped"})


def plan_routes(plan: Plan, tables: Mapping[str, Any]) -> None:
    for name, table in plan.rows(tables, "route").items():
        where, before = f"route.{name}", plan.snapshot.routes.get(name)
        if plan.usable(where, checked_name(name)) is None:
            continue
        after = record_of(Route, table, where, plan.faults, {"name": name})
        if after is None:
            continue
        for problem in route_problems(after):
            plan.fault(where, problem)
        plan.routes[name] = after
        if after != before:
            old = table_of(before, {"name"}) if before else None
            told = changes(old, table_of(after, {"name"}))
            do = partial(plan.installation.register.save_route, after, plan.actor.id)
            plan.steps.append(Step("route", name, before is None, told, Permission.CHANGE_ROUTES, do))


def plan_sources(plan: Plan, tables: Mapping[str, Any]) -> None:
    found = {}
    for name, table in plan.rows(tables, "source").items():
        where = f"source.{name}"
        after = record_of(Source, table, where, plan.faults, {"name": name})
        if plan.usable(where, checked_name(name)) is not None and after is not None:
            plan.sources[name] = found[name] = signed_exceptions(after, plan.snapshot, plan.actor)
    known = _known(plan)
    for name, source in found.items():
        before = plan.snapshot.sources.get(name)
        for problem in source_problems(source, plan.sources, known):
            plan.fault(f"source.{name}", problem)
        if source != before:
            told = changes(table_of(before, {"name"}) if before else None, table_of(source, {"name"}))
            do = partial(_save_source, plan, source)
            plan.steps.append(Step("source", name, before is None, told, Permission.CHANGE_ROUTES, do))


def plan_handovers(plan: Plan, tables: Mapping[str, Any]) -> None:
    for name, table in plan.rows(tables, "handover").items():
        where, before = f"handover.{name}", plan.snapshot.handovers.get(name)
        after = record_of(Handover, table, where, plan.faults, {"integration": name})
        if after is None:
            continue
        if name not in plan.integrations:
            plan.fault(where, f"There is no integration {name}, here or in the file")
        for problem in handover_problems(after):
            plan.fault(where, problem)
        if after != before:
            old = table_of(before, {"integration"}) if before else None
            told = changes(old, table_of(after, {"integration"}))
            do = partial(plan.installation.sources.save_handover, after, plan.actor.id, plan.reason)
            plan.steps.append(Step("handover", name, before is None, told, Permission.CHANGE_ROUTES, do))


def plan_webhooks(plan: Plan, tables: Mapping[str, Any]) -> None:
    existing = {each.id: each for each in plan.installation.webhooks.all()}
    for name, table in plan.rows(tables, "webhook").items():
        where, before = f"webhook.{name}", existing.get(name)
        stopped = before.stopped if before else ""
        after = record_of(WebhookEndpoint, table, where, plan.faults, {"id": name, "stopped": stopped})
        if after is None or plan.usable(where, checked_name(name)) is None:
            continue
        _check_webhook(plan, where, after)
        if after != before:
            told = changes(webhook_table(before) if before else None, webhook_table(after))
            then = (
                "" if before else f"If its secret is not kept here: wardmail webhook rotate-secret {name}, then resume"
            )
            do = partial(_save_webhook, plan, after, before)
            plan.steps.append(Step("webhook", name, before is None, told, Permission.ISSUE_CREDENTIALS, do, then))


def signed_exceptions(source: Source, snapshot: RegisterSnapshot, actor: Person) -> Source:
    """A file cannot say that somebody else made an exception from TLS."""
    if source.smtp is None:
        return source
    before = snapshot.sources.get(source.name)
    theirs = before.smtp.plain_peers if before is not None and before.smtp is not None else ()
    peers = tuple(each if each in theirs else replace(each, by=actor.id) for each in source.smtp.plain_peers)
    return replace(source, smtp=replace(source.smtp, plain_peers=peers))


def _known(plan: Plan) -> Known:
    people = tuple(Contact(each.name, each.email) for each in plan.people.values() if each.email)
    return Known(plan.integrations, people, today_of(plan.installation.clock.now()))


def _save_source(plan: Plan, source: Source) -> None:
    known = _known(plan)
    wrong = plan.installation.sources.save_source(
        source, plan.actor.id, plan.reason, lambda others: " ".join(source_problems(source, others, known))
    )
    if wrong:
        raise CommandFailed("WM-SOURCE-INVALID", f"Source {source.name} cannot be used so.", wrong, CONFLICT)


def _check_webhook(plan: Plan, where: str, endpoint: WebhookEndpoint) -> None:
    if endpoint.integration not in plan.integrations:
        plan.fault(f"{where}.integration", f"There is no integration {endpoint.integration}, here or in the file")
    problem = endpoint_problem(endpoint.url, endpoint.types)
    if problem:
        plan.fault(where, problem)
    if not endpoint.signing_refs or not all(is_reference(each) for each in endpoint.signing_refs):
        plan.fault(f"{where}.signing_refs", "names no secret by reference: write keystore:NAME")


def _save_webhook(plan: Plan, after: WebhookEndpoint, before: WebhookEndpoint | None) -> None:
    """A new one whose secret is not here says nothing: what cannot be signed is not sent."""
    if before is not None:
        plan.installation.webhooks.change(
            after.id, lambda each: replace(after, stopped=each.stopped), "WebhookChanged", plan.actor.id, plan.reason
        )
        return
    kept = plan.installation.keystore.names()
    wanted = [each.removeprefix("keystore:") for each in after.signing_refs if each.startswith("keystore:")]
    stopped = "" if all(each in kept for each in wanted) else NO_SECRET
    plan.installation.webhooks.add(replace(after, stopped=stopped), plan.actor.id)

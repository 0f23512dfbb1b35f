"""Reads, writes and carries out a records file as a whole: all of it is right, or nothing of it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wardmail.app.failures import NOT_PERMITTED, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.record_tables import BadFile, Fault, line_of, load
from wardmail.app.records_file import applications, domains, governance, ways
from wardmail.app.records_file.plan import Plan, Step, plan_for
from wardmail.model.person import Person

_MOST_FAULTS = 20
Planner = Callable[[Plan, Mapping[str, Any]], None]

SECTIONS: Mapping[str, Planner] = {
    "person": governance.plan_people,
    "route": ways.plan_routes,
    "integration": applications.plan_integrations,
    "limits": applications.plan_limits,
    "source": ways.plan_sources,
    "handover": ways.plan_handovers,
    "webhook": ways.plan_webhooks,
    "agreement": governance.plan_agreements,
    "domain": domains.plan_domains,
    "appetite": governance.plan_appetite,
    "rule": governance.plan_policy,
}
"""In the order in which they are changed: what others refer to goes first."""


def tables_of(installation: Installation) -> dict[str, Any]:
    """Sorted by name, so that two exports of the same records are the same."""
    snapshot = installation.register.snapshot()
    found: dict[str, Any] = {
        "rule": governance.write_policy(installation),
        "appetite": governance.write_appetite(installation),
        "person": governance.write_people(installation),
        "route": ways.write_routes(snapshot),
        "integration": applications.write_integrations(snapshot),
        "limits": applications.write_limits(snapshot),
        "source": ways.write_sources(snapshot),
        "handover": ways.write_handovers(snapshot),
        "webhook": {each.id: ways.webhook_table(each) for each in installation.webhooks.all()},
        "agreement": governance.write_agreements(installation),
        "domain": domains.write_domains(installation),
    }
    named = {kind: dict(sorted(rows.items())) for kind, rows in found.items() if kind not in ("rule", "appetite")}
    present = {"appetite": found["appetite"], **named}
    return {"rule": found["rule"]} | {kind: rows for kind, rows in present.items() if rows}


def planned(
    installation: Installation, actor: Person, reason: str, file: Path, sections: Sequence[str] = tuple(SECTIONS)
) -> Plan:
    """Raises CommandFailed with every fault and its line, or with what the acting person may not do."""
    try:
        text, tables = load(file)
    except BadFile as error:
        raise CommandFailed("WM-RECORDS-FILE", f"{error}.", "Nothing was changed. Mend the file.", USAGE) from error
    plan = plan_for(installation, actor, reason)
    plan.faults += [
        Fault(each, f"is no section of such a file; there are {', '.join(sections)}")
        for each in tables
        if each not in sections
    ]
    for kind in SECTIONS:
        if kind in tables and kind in sections:
            SECTIONS[kind](plan, tables)
    if plan.faults:
        raise _faulty(plan.faults, text)
    require_permitted(plan)
    return plan


def carry_out(plan: Plan, tell: Callable[[Step], None]) -> None:
    for step in plan.steps:
        step.do()
        tell(step)


def _faulty(faults: Sequence[Fault], text: str) -> CommandFailed:
    lines = []
    for each in faults[:_MOST_FAULTS]:
        number = line_of(text, each.where)
        lines.append(f"{f'line {number}, ' if number else ''}{each.where}: {each.why}.")
    more = len(faults) - _MOST_FAULTS
    lines += [f"… and {more} more."] if more > 0 else []
    return CommandFailed("WM-RECORDS-FILE", "\n".join(lines), "Nothing was changed. Mend the file.", USAGE)


def require_permitted(plan: Plan) -> None:
    lacking = sorted({step.needs.words for step in plan.steps if not plan.actor.may(step.needs)})
    if lacking:
        raise CommandFailed(
            "WM-NOT-PERMITTED",
            f"{plan.actor.id} may not {', '.join(lacking)}, and this asks for it. Nothing was changed.",
            "Let somebody apply it who may: see `wardmail person roles`.",
            NOT_PERMITTED,
        )

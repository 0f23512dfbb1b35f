"""People, agreements, the risk appetite and the policy of a records file: what still needs the yes of others gets it later."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from wardmail.app.commands.policy_life import active_of
from wardmail.app.installation import Installation
from wardmail.app.record_tables import record_of, table_of
from wardmail.app.records_file.plan import FieldChange, Plan, Step, changes
from wardmail.manage import policy_life
from wardmail.manage.agreements import checked_agreement, stated
from wardmail.manage.people import checked_person
from wardmail.model.agreement import Agreement, Appetite, RiskAppetite, appetite_in_force, is_approved
from wardmail.model.person import Permission, Person, Role, has_owner
from wardmail.model.policy import PolicyState
from wardmail.policy.changes import rule_changes
from wardmail.policy.site_rules import SiteRule, read_text, write_rows

_OF_PERSONS = {"id", "key_hash", "added_at", "left_at"}
_SIGNATURES = {"governance", "clinical_safety", "ended"}
_PENDING = (PolicyState.DRAFT, PolicyState.CHECKED, PolicyState.APPROVED)


def write_people(installation: Installation) -> dict[str, Any]:
    return {each.id: _person_table(each) for each in installation.people.all().values() if each.is_here}


def write_agreements(installation: Installation) -> dict[str, Any]:
    found = installation.agreements.all().values()
    return {each.id: _agreement_table(each) for each in found if each.ended is None}


def write_appetite(installation: Installation) -> dict[str, Any]:
    statement = appetite_in_force(installation.agreements.statements())
    return _appetite_table(statement) if statement.number else {}


def write_policy(installation: Installation) -> list[dict[str, Any]]:
    """The rules in force, in their order: rules are recited in it."""
    return write_rows(read_text(active_of(installation).rows))


def plan_people(plan: Plan, tables: Mapping[str, Any]) -> None:
    before, now = dict(plan.people), plan.installation.clock.now()
    for name, table in plan.rows(tables, "person").items():
        old = before.get(name)
        if old is not None and not old.is_here:
            plan.fault(f"person.{name}", f"{name} has left, and does not come back under this name")
            continue
        known = old or Person(name, "", added_at=now)
        given = {"id": name, "key_hash": known.key_hash, "added_at": known.added_at, "left_at": None}
        person = record_of(Person, table, f"person.{name}", plan.faults, given)
        if person is not None:
            plan.people[name] = person
    if has_owner(before.values()) and not has_owner(plan.people.values()):
        plan.fault("person", "That would leave nobody with the role owner")
    changed = [each for name, each in plan.people.items() if each != before.get(name)]
    # Whoever becomes an owner does so first, so that there is one at every moment.
    for person in sorted(changed, key=lambda each: Role.OWNER not in each.roles):
        _plan_person(plan, person, before.get(person.id))


def _plan_person(plan: Plan, person: Person, before: Person | None) -> None:
    checked = plan.usable(f"person.{person.id}", checked_person(person, plan.people))
    if checked is None or checked == before:
        return
    told = changes(_person_table(before) if before else None, _person_table(checked))
    then = "" if before or checked.logins else f"wardmail person key {person.id} --reason '…'"
    do = partial(plan.installation.people.save, checked, plan.actor.id, plan.reason)
    plan.steps.append(Step("person", person.id, before is None, told, Permission.MANAGE_PEOPLE, do, then))


def plan_agreements(plan: Plan, tables: Mapping[str, Any]) -> None:
    existing = plan.installation.agreements.all()
    for name, table in plan.rows(tables, "agreement").items():
        where, before = f"agreement.{name}", existing.get(name)
        given: dict[str, object] = {"id": name, **dict.fromkeys(_SIGNATURES)}
        record = record_of(Agreement, table, where, plan.faults, given)
        made = plan.usable(where, checked_agreement(record)) if record is not None else None
        if made is None:
            continue
        for unknown in sorted(set(made.integrations) - set(plan.integrations)):
            plan.fault(f"{where}.integrations", f"There is no integration {unknown}, here or in the file")
        told = changes(_agreement_table(before) if before else None, _agreement_table(made))
        if before is not None and told:
            fields = ", ".join(each.field for each in told)
            plan.fault(where, f"What was signed does not change ({fields}): make a new agreement, and end this one")
        elif before is None:
            then = f"wardmail agreement sign {name} --part governance, and --part clinical-safety by another person"
            do = partial(plan.installation.agreements.save, made, "AgreementMade", plan.actor.id, plan.reason)
            plan.steps.append(Step("agreement", name, True, told, Permission.MANAGE_AGREEMENTS, do, then))


def plan_appetite(plan: Plan, tables: Mapping[str, Any]) -> None:
    table = tables.get("appetite", {})
    if not table:
        return
    statements = plan.installation.agreements.statements()
    counts = appetite_in_force(statements)
    number = max((each.number for each in statements), default=0) + 1
    now = plan.installation.clock.now()
    given = {"number": number, "author": plan.actor.id, "stated_at": now, "approvals": (), "withdrawn": None}
    wanted = record_of(RiskAppetite, table, "appetite", plan.faults, given)
    if wanted is None:
        return
    waiting = [each for each in statements if each.withdrawn is None and not is_approved(each)]
    if any(_appetite_table(each) == _appetite_table(wanted) for each in (counts, *waiting)):
        return
    made = plan.usable(
        "appetite",
        stated(
            wanted.level, number=number, reason=wanted.reason, document=wanted.document, author=plan.actor.id, now=now
        ),
    )
    if made is not None:
        told = changes(_appetite_table(counts), _appetite_table(made))
        do = partial(
            plan.installation.agreements.save_statement, made, "RiskAppetiteStated", plan.actor.id, wanted.reason
        )
        then = f"two others: wardmail appetite approve {number} --reason '…'"
        plan.steps.append(Step("appetite", str(number), True, told, Permission.APPROVE_POLICY, do, then))


def plan_policy(plan: Plan, tables: Mapping[str, Any]) -> None:
    """A file without rules says nothing of them; `rule = []` says that there are none."""
    if "rule" not in tables:
        return
    rules = plan.usable("rule", policy_life.read_file({"rule": tables["rule"]}))
    basis, policies = active_of(plan.installation), plan.installation.policies
    if rules is None:
        return
    texts = [write_rows(read_text(each.rows)) for each in policies.all() if each.state in _PENDING]
    if write_rows(rules) in [write_rows(read_text(basis.rows)), *texts]:
        return
    number, now = policies.next_number(), plan.installation.clock.now()
    reason = plan.reason or "from a records file"
    made = policy_life.draft(rules, number=number, reason=reason, author=plan.actor.id, now=now, basis=basis)
    draft = plan.usable("rule", made)
    if draft is not None:
        do = partial(policies.save, [draft], "PolicyDrafted", plan.actor.id, reason)
        then = f"wardmail policy check {number}; another person: wardmail policy approve {number}; then activate"
        told = _rule_changes(read_text(basis.rows), rules)
        plan.steps.append(Step("policy", f"version {number}, a draft", True, told, Permission.PROPOSE_POLICY, do, then))


def _rule_changes(before: tuple[SiteRule, ...], after: tuple[SiteRule, ...]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(each.rule, each.before or None, each.after or None) for each in rule_changes(before, after)
    )


def _person_table(person: Person) -> dict[str, Any]:
    return table_of(person, _OF_PERSONS)


def _agreement_table(agreement: Agreement) -> dict[str, Any]:
    return table_of(agreement, {"id", *_SIGNATURES})


def _appetite_table(statement: RiskAppetite) -> dict[str, Any]:
    return {"level": Appetite(statement.level).value, "document": statement.document, "reason": statement.reason}

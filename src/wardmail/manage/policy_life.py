"""Moves a version of the policy through its life: drafted, checked, approved by another person, put in force."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wardmail.manage.integrations import BadInput
from wardmail.model.person import Approval, independent
from wardmail.model.policy import POLICY_TRANSITIONS, PolicyState, PolicyVersion
from wardmail.policy.codec import BadRow
from wardmail.policy.lint import LintFinding, lint
from wardmail.policy.site_rules import SiteRule, failed_examples, read_rows, read_text, write_rows


@dataclass(frozen=True, slots=True)
class Check:
    """What checking a version found. It may go on when nothing `stops` it."""

    findings: tuple[LintFinding, ...]

    @property
    def passed(self) -> bool:
        return not any(each.stops for each in self.findings)


def read_file(table: Mapping[str, Any]) -> tuple[SiteRule, ...] | BadInput:
    """The rules of a policy file, as `wardmail policy export` writes it: `[[rule]]` tables."""
    unknown = set(table) - {"rule"}
    rows = table.get("rule", [])
    if unknown or not isinstance(rows, list):
        return BadInput(f"A policy file has [[rule]] tables only{f', not {min(unknown)!r}' if unknown else ''}.")
    try:
        return read_rows(rows)
    except BadRow as error:
        return BadInput(f"The policy cannot be read: {error}")


def draft(
    rules: Sequence[SiteRule], *, number: int, reason: str, author: str, now: float, basis: PolicyVersion
) -> PolicyVersion | BadInput:
    rows = json.dumps(write_rows(rules), ensure_ascii=False, sort_keys=True)
    if rows == basis.rows:
        return BadInput(f"That is what version {basis.number} says already.")
    return PolicyVersion(number, rows, reason, author, now, basis.number)


def check(version: PolicyVersion) -> Check:
    rules = read_text(version.rows)
    failed = [LintFinding("", each, "Mend the rule or the example.") for each in failed_examples(rules)]
    return Check((*lint(rules), *failed))


def checked(version: PolicyVersion) -> PolicyVersion | BadInput:
    found = check(version)
    if not found.passed:
        return BadInput(" ".join(f"{each.rule or 'Example'}: {each.found}" for each in found.findings if each.stops))
    return _moved(version, PolicyState.CHECKED)


def approved(version: PolicyVersion, by: str, reason: str, now: float) -> PolicyVersion | BadInput:
    """Four eyes: whoever drafted a version does not approve it."""
    if by == version.author:
        return BadInput(f"{by} drafted version {version.number}; another person must approve it.")
    moved = _moved(version, PolicyState.APPROVED)
    if isinstance(moved, BadInput):
        return moved
    return replace(moved, approvals=(*version.approvals, Approval(by, now, reason)))


def activated(version: PolicyVersion, now: float) -> PolicyVersion | BadInput:
    """Examples and lint run once more: the built-in rules may have moved on since the version was checked."""
    if not independent(version.author, version.approvals):
        return BadInput(f"Version {version.number} is not approved by another person yet.")
    found = check(version)
    if not found.passed:
        return BadInput(f"Version {version.number} passes its checks no more: see `wardmail policy check`.")
    moved = _moved(version, PolicyState.ACTIVE)
    return moved if isinstance(moved, BadInput) else replace(moved, activated_at=now)


def replaced(version: PolicyVersion, now: float) -> PolicyVersion:
    return replace(version, state=PolicyState.REPLACED, ended_at=now)


def withdrawn(version: PolicyVersion, now: float) -> PolicyVersion | BadInput:
    moved = _moved(version, PolicyState.WITHDRAWN)
    return moved if isinstance(moved, BadInput) else replace(moved, ended_at=now)


def _moved(version: PolicyVersion, to: PolicyState) -> PolicyVersion | BadInput:
    if to in POLICY_TRANSITIONS[version.state]:
        return replace(version, state=to)
    order = "draft, checked, approved, active"
    return BadInput(
        f"Version {version.number} is {version.state.value}, so it cannot become {to.value} (the order: {order})."
    )

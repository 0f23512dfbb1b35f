"""A policy as a site keeps it: a version that people draft, check, approve and put in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.person import Approval


class PolicyState(StrEnum):
    DRAFT = "draft"
    CHECKED = "checked"
    APPROVED = "approved"
    ACTIVE = "active"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


POLICY_TRANSITIONS: Mapping[PolicyState, frozenset[PolicyState]] = {
    PolicyState.DRAFT: frozenset({PolicyState.DRAFT, PolicyState.CHECKED, PolicyState.WITHDRAWN}),
    PolicyState.CHECKED: frozenset({PolicyState.DRAFT, PolicyState.APPROVED, PolicyState.WITHDRAWN}),
    PolicyState.APPROVED: frozenset({PolicyState.ACTIVE, PolicyState.WITHDRAWN}),
    PolicyState.ACTIVE: frozenset({PolicyState.REPLACED}),
    PolicyState.REPLACED: frozenset(),
    PolicyState.WITHDRAWN: frozenset(),
}
"""From each state, where a version may go. What was approved is never edited: a change is a new version."""


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of the site's own rules. `rows` is JSON, as `policy.codec` reads it.

    The built-in rules stand beside every version. `basis` is the version that this one was drafted from.
    """

    number: int
    rows: str
    reason: str
    author: str
    drafted_at: float
    basis: int = 0
    state: PolicyState = PolicyState.DRAFT
    approvals: tuple[Approval, ...] = ()
    activated_at: float | None = None
    ended_at: float | None = None

    @property
    def name(self) -> str:
        """As it is stored with each decision."""
        return f"site-{self.number}"


NO_SITE_POLICY = PolicyVersion(0, "[]", "the rules that come with the software", "wardmail", 0.0)
"""What is in force until somebody activates a version: the built-in rules alone."""

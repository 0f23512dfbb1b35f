"""A version's life: no way into force without checks and a second person, and no editing of what was approved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.manage import policy_life
from wardmail.manage.integrations import BadInput
from wardmail.model.person import Approval
from wardmail.model.policy import NO_SITE_POLICY, POLICY_TRANSITIONS, PolicyState, PolicyVersion

_ROW: dict[str, Any] = {
    "id": "site",
    "source": "LOCAL",
    "why": "it is so",
    "when": {"recipient-is-at": "b.example"},
    "then": {"hold": True},
    "example": [{"recipient": "a@b.example"}],
}


def _draft(**changes: Any) -> PolicyVersion:
    rules = policy_life.read_file({"rule": [_ROW | changes]})
    assert not isinstance(rules, BadInput)
    made = policy_life.draft(rules, number=1, reason="r", author="ann", now=1.0, basis=NO_SITE_POLICY)
    assert isinstance(made, PolicyVersion)
    return made


def _good(outcome: PolicyVersion | BadInput) -> PolicyVersion:
    assert isinstance(outcome, PolicyVersion), outcome
    return outcome


def test_the_whole_way() -> None:
    checked = _good(policy_life.checked(_draft()))
    approved = _good(policy_life.approved(checked, "bob", "fine", 2.0))
    active = _good(policy_life.activated(approved, 3.0))
    assert active.state is PolicyState.ACTIVE
    assert active.approvals == (Approval("bob", 2.0, "fine"),)
    assert policy_life.replaced(active, 4.0).ended_at == 4.0


def test_nobody_approves_their_own() -> None:
    checked = _good(policy_life.checked(_draft()))
    outcome = policy_life.approved(checked, "ann", "fine", 2.0)
    assert isinstance(outcome, BadInput)
    assert "another person" in outcome.reason


def test_an_unchecked_draft_is_not_approved_and_an_unapproved_one_not_put_in_force() -> None:
    assert isinstance(policy_life.approved(_draft(), "bob", "fine", 2.0), BadInput)
    assert isinstance(policy_life.activated(_good(policy_life.checked(_draft())), 2.0), BadInput)


def test_what_lint_or_an_example_stops_is_not_checked() -> None:
    stopped: tuple[dict[str, Any], ...] = (
        {"when": {"not": {"always": True}}},
        {"example": []},
        {"example": [{"recipient": "a@c.example"}]},
    )
    for bad in stopped:
        outcome = policy_life.checked(_draft(**bad))
        assert isinstance(outcome, BadInput), bad


def test_checks_run_again_when_it_comes_into_force() -> None:
    approved = _good(policy_life.approved(_good(policy_life.checked(_draft())), "bob", "fine", 2.0))
    tampered = replace(approved, rows=_draft(example=[]).rows)
    outcome = policy_life.activated(tampered, 3.0)
    assert isinstance(outcome, BadInput)
    assert "passes its checks no more" in outcome.reason


def test_a_file_that_changes_nothing_is_told() -> None:
    version = _draft()
    rules = policy_life.read_file({"rule": [_ROW]})
    assert not isinstance(rules, BadInput)
    same = policy_life.draft(rules, number=2, reason="r", author="ann", now=1.0, basis=version)
    assert isinstance(same, BadInput)


@pytest.mark.parametrize("table", [{"rules": []}, {"rule": {}}, {"rule": [1]}, {"rule": [{"id": "x"}]}])
def test_files_that_cannot_be_read(table: dict[str, Any]) -> None:
    assert isinstance(policy_life.read_file(table), BadInput)


@given(
    st.lists(st.sampled_from(["check", "approve", "activate", "withdraw"]), max_size=8), st.sampled_from(["ann", "bob"])
)
def test_no_order_of_steps_goes_round_the_second_person(steps: list[str], actor: str) -> None:
    version = _draft()
    for step in steps:
        outcome: PolicyVersion | BadInput
        match step:
            case "check":
                outcome = policy_life.checked(version)
            case "approve":
                outcome = policy_life.approved(version, actor, "r", 1.0)
            case "activate":
                outcome = policy_life.activated(version, 1.0)
            case _:
                outcome = policy_life.withdrawn(version, 1.0)
        if isinstance(outcome, PolicyVersion):
            assert outcome.state in POLICY_TRANSITIONS[version.state]
            version = outcome
    if version.state is PolicyState.ACTIVE:
        assert {each.by for each in version.approvals} - {version.author}

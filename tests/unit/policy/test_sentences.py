"""How conditions are said to people."""

from __future__ import annotations

import pytest

from wardmail.policy.evaluate import Rule
from wardmail.policy.rules import BUILT_IN_RULES


@pytest.mark.parametrize("rule", BUILT_IN_RULES, ids=lambda rule: rule.id)
def test_no_built_in_rule_is_said_in_a_roundabout_way(rule: Rule) -> None:
    assert "it is not so that" not in rule.when.sentence()

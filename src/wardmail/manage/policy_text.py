"""The site's rules as people edit them: a TOML text of [[rule]] tables."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

import tomli_w

from wardmail.manage.integrations import BadInput
from wardmail.manage.policy_life import read_file
from wardmail.policy.site_rules import SiteRule, write_rows

_LARGEST = 1024 * 1024


def rules_of_text(text: str) -> tuple[SiteRule, ...] | BadInput:
    if len(text) > _LARGEST:
        return BadInput("That is larger than a policy can be.", "WM-POLICY-FILE")
    try:
        return read_file(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return BadInput(f"That is no TOML: {error}.", "WM-POLICY-FILE")


def text_of_rules(rules: Sequence[SiteRule]) -> str:
    return tomli_w.dumps({"rule": write_rows(rules)}) if rules else ""

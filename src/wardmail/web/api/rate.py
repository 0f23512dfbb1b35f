"""Tells a program how much it may still send, in the fields of draft-ietf-httpapi-ratelimit-headers-10."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wardmail.model.ceiling import Ceiling


def rate_fields(ceilings: Sequence[Ceiling], status: int) -> dict[str, str]:
    """`t` stands only where nothing is left: windows slide, so there is no moment at which all is as new."""
    if not ceilings:
        return {}
    policies = [f'"{each.name}";q={each.quota};w={each.window}' for each in ceilings]
    left = [f'"{each.name}";r={each.left}{_wait(each)}' for each in ceilings]
    fields = {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}
    wait = max(each.again_in for each in ceilings)
    if status == 429 and wait > 0:
        fields["Retry-After"] = str(math.ceil(wait))
    return fields


def _wait(ceiling: Ceiling) -> str:
    return f";t={math.ceil(ceiling.again_in)}" if ceiling.again_in > 0 else ""

"""What a configuration management database says of one of our records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CmdbRow:
    """One record there; `correlation` is whatever stands in the field that our ID belongs into."""

    sys_id: str
    correlation: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What identification came to: `operation` in the CMDB's own word; `sys_id` is empty for what does not exist yet."""

    operation: str
    sys_id: str


@dataclass(frozen=True, slots=True)
class CmdbRefused:
    """The CMDB said no; a sentence for people."""

    reason: str

"""Whether the gateway can do its work now, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """`says` is read by anybody who can reach the port: no name of a host or file, and no words of an exception."""

    name: str
    ok: bool
    says: str


def is_ready(parts: Sequence[Part]) -> bool:
    return all(each.ok for each in parts)

"""Numbers about mail, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Copies:
    """How many copies of one period are in one state, for one recipient domain."""

    period: int
    state: str
    domain: str
    count: int


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """`is_partial`: there were more than are counted for a page; these are the newest."""

    value: T
    is_partial: bool

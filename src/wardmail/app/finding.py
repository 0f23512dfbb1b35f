"""What one check of `wardmail doctor` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["good", "advice", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `to_do` is empty when all is good."""

    check: str
    grade: Grade
    found: str
    to_do: str = ""

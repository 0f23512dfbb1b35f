"""What `wardmail doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["good", "advice", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`to_do` is empty when all is good."""

    check: str
    grade: Grade
    found: str
    to_do: str = ""

"""What of the API goes away, and when: told in every answer (RFC 9745, RFC 8594), in the description and in the documents.

To retire a call or a field, add a line to RETIRING; it stays for at least twelve months more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

SHORTEST_TERM = 365
"""Days between the announcement and the end: what the NHS gives for API standards that are retired."""


@dataclass(frozen=True, slots=True)
class Term:
    """`since` is the day of the announcement, `ends` the first on which it may be gone; `instead` is a sentence."""

    since: date
    ends: date
    instead: str

    def __post_init__(self) -> None:
        if (self.ends - self.since).days < SHORTEST_TERM:
            raise ValueError(f"what is retired stays for {SHORTEST_TERM} days")

    @property
    def words(self) -> str:
        return f"Deprecated since {self.since.isoformat()}, and gone from {self.ends.isoformat()} on. {self.instead}"


@dataclass(frozen=True, slots=True)
class RetiringCall:
    """`path` as the description has it, `/v1/things/{thing}`."""

    method: str
    path: str
    term: Term

    @property
    def fields(self) -> Mapping[str, str]:
        """Of the answer. `Deprecation` is a date of RFC 9651, `Sunset` one of HTTP."""
        since, ends = (datetime.combine(day, time(), UTC) for day in (self.term.since, self.term.ends))
        return {
            "Deprecation": f"@{int(since.timestamp())}",
            "Sunset": format_datetime(ends, usegmt=True),
            "Link": '</docs/api>; rel="deprecation"; type="text/html"',
        }


@dataclass(frozen=True, slots=True)
class RetiringField:
    """`schema` is the name of a model in the description. The call itself stays, so its answers say nothing."""

    schema: str
    name: str
    term: Term


Retiring = Sequence[RetiringCall | RetiringField]

RETIRING: Retiring = ()


def call_of(retiring: Retiring, method: str, path: str) -> RetiringCall | None:
    calls = (each for each in retiring if isinstance(each, RetiringCall))
    return next((each for each in calls if (each.method, each.path) == (method, path)), None)


def mark(description: dict[str, Any], retiring: Retiring) -> None:
    """Raises KeyError for a line about what is not there."""
    for each in retiring:
        match each:
            case RetiringCall(method, path):
                marked = description["paths"][path][method.lower()]
                marked["x-sunset"] = each.term.ends.isoformat()
            case RetiringField(schema, name):
                marked = description["components"]["schemas"][schema]["properties"][name]
        marked["deprecated"] = True
        marked["description"] = " ".join(filter(None, (marked.get("description", ""), each.term.words)))

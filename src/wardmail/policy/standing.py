"""Answers whether a recipient's domain is known to be secure, and why (SHARE-2 to SHARE-7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from wardmail.model.accredited import AccreditedEntry
from wardmail.model.standing import Profile, Standing, StandingAnswer
from wardmail.policy.profiles import ANY_OTHER, PROFILES

_LARGEST_CACHE = 20_000


@dataclass(frozen=True, slots=True)
class LocalRow:
    """A decision of this site's administrators, which wins over the tables and the list. `domain` as in the list."""

    domain: str
    standing: Standing
    reason: str


_EMPTY: Mapping[str, AccreditedEntry] = MappingProxyType({})


class StandingTable:
    """One profile's table, the accredited list and the local rows, with a bounded memory of recent answers.

    Precedence: local row, accreditation in date, built-in table, "anything else". Patterns with more labels go first.
    """

    __slots__ = ("_accredited", "_day", "_list_version", "_local", "_profile", "_recent")

    def __init__(
        self,
        profile: Profile,
        *,
        local: Iterable[LocalRow] = (),
        accredited: Mapping[str, AccreditedEntry] = _EMPTY,
        list_version: str | None = None,
    ) -> None:
        self._profile = profile
        self._local = {row.domain: row for row in local}
        self._accredited = accredited
        self._list_version = list_version
        self._recent: dict[str, StandingAnswer] = {}
        self._day = date.min

    def standing_of(self, domain: str, today: date) -> StandingAnswer:
        """`domain` is lower-case A-labels, as an Address holds it; `today` decides which accreditations count."""
        if today != self._day or len(self._recent) >= _LARGEST_CACHE:
            self._recent = {}
            self._day = today
        known = self._recent.get(domain)
        if known is None:
            known = self._recent[domain] = self._look_up(domain, today)
        return known

    def invalid(self, reason: str) -> StandingAnswer:
        """The answer for a text that is no address."""
        return self._answer(Standing.INVALID, reason, ANY_OTHER.source)

    def _look_up(self, domain: str, today: date) -> StandingAnswer:
        local = next((self._local[key] for key in patterns(domain) if key in self._local), None)
        if local is not None:
            return self._answer(local.standing, f"local decision: {local.reason}", "local")
        entry = next((self._accredited[key] for key in patterns(domain) if key in self._accredited), None)
        if entry is not None and entry.accredited_on <= today <= entry.expires:
            return self._answer(
                Standing.SECURE,
                f"{_who(entry)} is accredited to the secure email standard (DCB1596) until {_day(entry.expires)}",
                "SHARE-4",
            )
        row = next((row for row in PROFILES[self._profile] if row.covers(domain)), ANY_OTHER)
        if entry is not None and row.standing is not Standing.SECURE:
            return self._answer(Standing.UNKNOWN, _out_of_date(entry, today), "SHARE-5")
        return self._answer(row.standing, row.sentence, row.source)

    def _answer(self, standing: Standing, reason: str, source: str) -> StandingAnswer:
        return StandingAnswer(standing, self._profile, reason, source, self._list_version)


def patterns(domain: str) -> Iterator[str]:
    """The domain itself, then the wildcards that cover it, longest first."""
    yield domain
    _, _, parent = domain.partition(".")
    while parent:
        yield "*." + parent
        _, _, parent = parent.partition(".")


def _out_of_date(entry: AccreditedEntry, today: date) -> str:
    if today < entry.accredited_on:
        return f"the accreditation of {_who(entry)} only begins on {_day(entry.accredited_on)}"
    return f"the accreditation of {_who(entry)} ended on {_day(entry.expires)}"


def _who(entry: AccreditedEntry) -> str:
    return entry.organisation or entry.domain


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"

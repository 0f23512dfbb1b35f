"""Answers "is it safe to e-mail this address?" for people and programs (SHARE-2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from wardmail.model.standing import Standing
from wardmail.policy.standing import StandingTable
from wardmail.protocol.address import InvalidAddress, parse_address


@dataclass(frozen=True, slots=True)
class AddressCheck:
    """The answer for one address; `checked_at` in seconds since the epoch."""

    address: str
    domain: str
    standing: str
    profile: str
    reason: str
    source: str
    list_version: str | None
    checked_at: float


def checker(table: StandingTable, now: Callable[[], float]) -> Callable[[str], AddressCheck]:
    """A function that checks one address as a person typed it; never raises."""

    def check(text: str) -> AddressCheck:
        at = now()
        parsed = parse_address(text)
        if isinstance(parsed, InvalidAddress):
            answer, domain = table.invalid(_more_than_an_address(text) or parsed.reason), ""
        else:
            answer = table.standing_of(parsed.domain, datetime.fromtimestamp(at, UTC).date())
            domain = parsed.domain
        standing = Standing(answer.standing)
        return AddressCheck(
            text, domain, standing.value, answer.profile.value, answer.reason, answer.source, answer.list_version, at
        )

    return check


def _more_than_an_address(text: str) -> str:
    """What people paste besides the address, said plainly; it is not guessed which part they meant."""
    if "<" in text or ">" in text:
        return "This has a name or angle brackets about the address: give the address alone."
    if text.strip().lower().startswith("mailto:"):
        return "This is a link: leave out mailto: and give the address alone."
    if any(sign in text.strip() for sign in ";, ") and text.count("@") > 1:
        return "These are several addresses: check them one by one."
    return ""

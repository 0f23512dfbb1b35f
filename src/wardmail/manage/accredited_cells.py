"""Reads the single cells of an accredited list: dates as people in the United Kingdom write them, and domains."""

from __future__ import annotations

import re
from datetime import date, timedelta

from wardmail.protocol.domain import InvalidDomain, parse_domain

_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[T ].*)?", re.ASCII).fullmatch
_NUMBERS = re.compile(
    r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4}|\d\d)(?: +[\d:]+)?", re.ASCII
).fullmatch
_WORDS = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[ -](?P<month>[A-Za-z]{3,9})[ -](?P<year>\d{4}|\d\d)", re.ASCII
).fullmatch
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}

_SEPARATORS = re.compile(r"[\s,;|/]+(?:and[\s,;|/]+)?")

_SECOND_LEVEL = ("ac", "co", "com", "edu", "gov", "ltd", "me", "net", "nhs", "org", "plc", "police", "sch")
_HEALTH_REGISTRIES = ("scot.nhs.uk", "wales.nhs.uk", "nhs.scot", "nhs.wales", "gov.scot", "gov.wales", "pnn.police.uk")
_MAIL_SERVICES = (
    *("aol.com", "btinternet.com", "cjsm.net", "gmail.com", "googlemail.com", "hotmail.co.uk", "hotmail.com"),
    *("icloud.com", "live.co.uk", "onmicrosoft.com", "outlook.com", "proton.me", "protonmail.com"),
    *("yahoo.co.uk", "yahoo.com"),
)
_SHARED = frozenset((*_HEALTH_REGISTRIES, *_MAIL_SERVICES))


def read_date(cell: str) -> date | None:
    """ISO, or day before month: `31/12/2026`, `31-12-26`, `31 December 2026`; never month before day."""
    match = _ISO(cell) or _NUMBERS(cell) or _WORDS(cell)
    if match is None:
        return None
    year = int(match["year"])
    month = int(match["month"]) if match["month"].isdigit() else _MONTHS.get(match["month"][:3].lower(), 0)
    try:
        return date(year if year > 99 else 2000 + year, month, int(match["day"]))
    except ValueError:
        return None


def last_day_of_year_from(begins: date) -> date:
    """An accreditation is valid for one year: the day before its anniversary."""
    try:
        return begins.replace(year=begins.year + 1) - timedelta(days=1)
    except ValueError:  # 29 February
        return date(begins.year + 1, 2, 28)


def domains_in(cell: str) -> list[str]:
    """The pieces of a cell that should each be a domain, `@` in front dropped."""
    return [piece.removeprefix("@") for piece in _SEPARATORS.split(cell.strip()) if piece]


def read_domain(piece: str) -> str | InvalidDomain:
    """A domain, or `*.` and a domain; names that many organisations share are refused."""
    wildcard = piece.startswith("*.")
    domain = parse_domain(piece[2:] if wildcard else piece)
    if isinstance(domain, InvalidDomain):
        return domain
    labels = domain.split(".")
    is_suffix = len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVEL
    if is_suffix or domain in _SHARED:
        return InvalidDomain(f"{domain} is shared by many organisations: name the organisation's own domain.")
    return f"*.{domain}" if wildcard else domain

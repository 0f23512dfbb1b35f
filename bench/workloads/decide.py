"""DECIDE: how many policy decisions and address checks one processor makes in a second, without a server around them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from wardmail.manage.address_check import checker
from wardmail.model.address import Address
from wardmail.model.classification import Sensitivity
from wardmail.model.route import RouteKind, TlsLevel
from wardmail.model.standing import Profile
from wardmail.policy.evaluate import evaluate
from wardmail.policy.facts import Facts, Known, RouteFacts
from wardmail.policy.rules import BUILT_IN_RULES
from wardmail.policy.standing import StandingTable
from wardmail.protocol.address import InvalidAddress, parse_address

_DOMAINS = ("nhs.net", "example.nhs.uk", "council.gov.uk", "clinic.example", "mail.test", "sub.dept.gov.uk")
_SECONDS = 1.0
_BATCH = 2000


@dataclass(frozen=True)
class Decide:
    """Each a second, on one processor. An address check reads the text as a person typed it; a standing has it parsed."""

    decisions: float
    address_checks: float
    standings: float


def measure_decide() -> Decide:
    table = StandingTable(Profile.HEALTH_AND_CARE)
    texts = [f"person{number}@{_DOMAINS[number % len(_DOMAINS)]}" for number in range(_BATCH)]
    addresses = [address for address in map(parse_address, texts) if not isinstance(address, InvalidAddress)]
    today = datetime.now(UTC).date()
    cases = [_facts(address, table, today, number) for number, address in enumerate(addresses)]
    check = checker(table, time.time)
    return Decide(
        decisions=_rate(lambda: [evaluate(BUILT_IN_RULES, facts) for facts in cases]),
        address_checks=_rate(lambda: [check(text) for text in texts]),
        standings=_rate(lambda: [table.standing_of(address.domain, today) for address in addresses]),
    )


def _facts(address: Address, table: StandingTable, today: date, number: int) -> Facts:
    """Every other message is sensitive, so that all rules have work."""
    route = RouteFacts("relay", RouteKind.NHSMAIL, True, True, TlsLevel.VERIFIED)
    facts = Facts(
        integration="app",
        integration_active=True,
        recipient=address,
        sensitivity=Sensitivity.OFFICIAL,
        standing=Known(table.standing_of(address.domain, today)),
        route=Known(route),
    )
    return replace(facts, sensitivity=Sensitivity.OFFICIAL_SENSITIVE) if number % 2 else facts


def _rate(batch: Callable[[], list[object]]) -> float:
    """Batches until the time is up; the first does not count."""
    batch()
    done, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < _SECONDS:
        done += len(batch())
    return done / taken

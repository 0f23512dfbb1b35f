"""Whether a domain is secure: both tables, the accredited list, and what an administrator decides."""

from __future__ import annotations

from datetime import date

import pytest

from wardmail.model.accredited import AccreditedEntry
from wardmail.model.standing import Profile, Standing
from wardmail.policy.standing import LocalRow, StandingTable

TODAY = date(2026, 6, 1)
HEALTH = StandingTable(Profile.HEALTH_AND_CARE)
GOVERNMENT = StandingTable(Profile.GOVERNMENT)

S, U = Standing.SECURE, Standing.UNKNOWN

TABLE = [
    # domain, to health and care, to government, requirement
    ("nhs.net", S, S, "SHARE-3"),
    ("department.nhs.net", S, S, "SHARE-3"),
    ("secure.nhs.uk", S, S, "SHARE-4"),
    ("x.secure.nhs.uk", S, S, "SHARE-4"),
    ("orgsecure.nhs.uk", S, S, "SHARE-4"),
    ("org-secure.nhs.uk", S, S, "SHARE-4"),
    ("mail.orgsecure.nhs.uk", S, S, "SHARE-4"),
    ("org.nhs.uk", U, U, "SHARE-5"),
    ("nhs.uk", U, U, "SHARE-5"),
    ("orgsecure.trust.nhs.uk", U, U, "SHARE-5"),
    ("secure.org.nhs.uk", U, U, "SHARE-5"),
    ("secured.nhs.uk", U, U, "SHARE-5"),
    ("board.scot.nhs.uk", U, U, "SHARE-7"),
    ("orgsecure.scot.nhs.uk", U, U, "SHARE-7"),
    ("board.wales.nhs.uk", U, U, "SHARE-7"),
    ("nhs.scot", U, U, "SHARE-7"),
    ("cav.nhs.wales", U, U, "SHARE-7"),
    ("gov.uk", S, U, "SHARE-2"),
    ("homeoffice.gov.uk", S, U, "SHARE-2"),
    ("firm.example.cjsm.net", S, U, "SHARE-2"),
    ("force.pnn.police.uk", S, U, "SHARE-2"),
    ("force.police.uk", U, U, "SHARE-2"),
    ("mod.uk", S, U, "SHARE-2"),
    ("parliament.uk", S, U, "SHARE-2"),
    ("example.org", U, U, "SHARE-2"),
    # whole labels
    ("evilnhs.net", U, U, "SHARE-2"),
    ("nhs.net.example.com", U, U, "SHARE-2"),
    ("notgov.uk", U, U, "SHARE-2"),
    ("secure.nhs.uk.example.com", U, U, "SHARE-2"),
    ("xn--nh-foc.net", U, U, "SHARE-2"),
    ("secure-nhs.uk", U, U, "SHARE-2"),
    ("nhs-net.uk", U, U, "SHARE-2"),
    ("net", U, U, "SHARE-2"),
    ("secure.nhs.uk.secure.nhs.uk.example", U, U, "SHARE-2"),
    ("nhs.net.", U, U, "SHARE-2"),
]


@pytest.mark.parametrize(("domain", "health", "government", "source"), TABLE)
def test_the_two_tables(domain: str, health: Standing, government: Standing, source: str) -> None:
    answer = HEALTH.standing_of(domain, TODAY)
    assert (answer.standing, answer.source, answer.profile) == (health, source, Profile.HEALTH_AND_CARE)
    assert answer.reason
    assert GOVERNMENT.standing_of(domain, TODAY).standing is government


def entry(domain: str, begins: date = date(2026, 1, 1), expires: date = date(2026, 12, 31)) -> AccreditedEntry:
    return AccreditedEntry(domain, "Mersey Care", "RW4", begins, expires)


def listed(*entries: AccreditedEntry, local: tuple[LocalRow, ...] = ()) -> StandingTable:
    return StandingTable(
        Profile.GOVERNMENT, local=local, accredited={item.domain: item for item in entries}, list_version="2026-05"
    )


def test_an_accreditation_in_date_makes_any_domain_secure() -> None:
    answer = listed(entry("merseycare.nhs.uk")).standing_of("merseycare.nhs.uk", TODAY)
    assert answer.standing is Standing.SECURE
    assert answer.reason == ("Mersey Care is accredited to the secure email standard (DCB1596) until 31 December 2026")
    assert (answer.source, answer.list_version) == ("SHARE-4", "2026-05")
    assert listed(entry("example.org")).standing_of("example.org", TODAY).standing is Standing.SECURE


def test_an_accreditation_names_one_domain_unless_it_has_a_wildcard() -> None:
    exact, wild = listed(entry("example.org")), listed(entry("*.example.org"))
    assert exact.standing_of("mail.example.org", TODAY).standing is Standing.UNKNOWN
    assert wild.standing_of("mail.example.org", TODAY).standing is Standing.SECURE
    assert wild.standing_of("a.b.example.org", TODAY).standing is Standing.SECURE
    assert wild.standing_of("example.org", TODAY).standing is Standing.UNKNOWN
    assert wild.standing_of("evilexample.org", TODAY).standing is Standing.UNKNOWN


def test_the_first_and_the_last_day_count_and_no_other() -> None:
    table = listed(entry("org.nhs.uk", date(2026, 1, 1), date(2026, 12, 31)))
    assert table.standing_of("org.nhs.uk", date(2026, 12, 31)).standing is Standing.SECURE
    over = table.standing_of("org.nhs.uk", date(2027, 1, 1))
    assert over.standing is Standing.UNKNOWN
    assert over.reason == "the accreditation of Mersey Care ended on 31 December 2026"
    early = table.standing_of("org.nhs.uk", date(2025, 12, 31))
    assert early.standing is Standing.UNKNOWN
    assert "only begins on 1 January 2026" in early.reason
    assert table.standing_of("org.nhs.uk", date(2026, 1, 1)).standing is Standing.SECURE


def test_an_expired_entry_takes_nothing_from_the_table() -> None:
    table = listed(entry("x.secure.nhs.uk", expires=date(2026, 2, 1)))
    assert table.standing_of("x.secure.nhs.uk", TODAY).standing is Standing.SECURE


def test_local_rows_win() -> None:
    local = (
        LocalRow("nhs.net", Standing.NOT_SECURE, "incident 12"),
        LocalRow("*.force.police.uk", Standing.SECURE, "agreement 7"),
        LocalRow("lab.force.police.uk", Standing.UNKNOWN, "not covered by agreement 7"),
        LocalRow("example.org", Standing.NOT_SECURE, "breach of May"),
    )
    table = listed(entry("example.org"), local=local)
    answer = table.standing_of("nhs.net", TODAY)
    assert (answer.standing, answer.reason, answer.source) == (
        Standing.NOT_SECURE,
        "local decision: incident 12",
        "local",
    )
    assert table.standing_of("a.nhs.net", TODAY).standing is Standing.SECURE
    assert table.standing_of("hq.force.police.uk", TODAY).standing is Standing.SECURE
    assert table.standing_of("lab.force.police.uk", TODAY).standing is Standing.UNKNOWN
    assert table.standing_of("example.org", TODAY).standing is Standing.NOT_SECURE


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardmail.policy.standing._LARGEST_CACHE", 10)
    table = StandingTable(Profile.GOVERNMENT)
    for number in range(100):
        table.standing_of(f"d{number}.example", TODAY)
    assert len(table._recent) <= 10


def test_an_invalid_address_has_an_answer_too() -> None:
    answer = HEALTH.invalid("The address has no @.")
    assert (answer.standing, answer.reason) == (Standing.INVALID, "The address has no @.")

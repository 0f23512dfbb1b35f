"""What is said of a domain's record that cannot be kept, as a records file or a form has it."""

from __future__ import annotations

from datetime import date

import pytest

from wardmail.manage.domain_book import usable
from wardmail.manage.integrations import BadInput
from wardmail.model.own_domain import Assurance, AssuranceKind, KnownDomain

NOW = 1_800_000_000.0
"""15 January 2027."""


def shown(reference: str = "IS 1", until: date = date(2028, 1, 1)) -> Assurance:
    return Assurance(AssuranceKind.ISO_27001, reference, until, "oli", NOW)


def of(*assurances: Assurance, note: str = "") -> KnownDomain:
    return KnownDomain("hospice.example", is_ours=False, added_by="oli", added_at=NOW, note=note, assurances=assurances)


def test_evidence_that_is_over_stays() -> None:
    record = of(shown(until=date(2020, 1, 1)))
    assert usable(record, NOW) == record


@pytest.mark.parametrize(
    ("record", "code", "words"),
    [
        (of(shown(until=date(2032, 6, 1))), "WM-ASSURANCE", "iso-27001, 2032-06-01, is more than five years ahead"),
        (of(shown(" ")), "WM-ASSURANCE", "iso-27001 has no reference"),
        (of(shown("w" * 201)), "WM-ASSURANCE", "longer than 200 characters"),
        (of(shown("a\u202eb")), "WM-ASSURANCE", "cannot be seen"),
        (of(*[shown()] * 21), "WM-ASSURANCE", "21 pieces of evidence, and 20 are kept"),
        (of(note="a\nb"), "WM-DOMAIN-NOTE", "cannot be seen"),
    ],
)
def test_it_says_which_evidence_is_wrong_and_why(record: KnownDomain, code: str, words: str) -> None:
    told = usable(record, NOW)
    assert isinstance(told, BadInput)
    assert told.code == code
    assert words in told.reason

"""NHS numbers: what is one, what only looks like one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.content.identifiers import has_nhs_number, is_nhs_number


@pytest.mark.parametrize("number", ["9990548609", "9434765919", "4010232137", "0000000019"])
def test_right_check_digits(number: str) -> None:
    assert is_nhs_number(number)


@pytest.mark.parametrize(
    "number", ["9991234567", "9434765918", "1234567890", "0123456789", *(d * 10 for d in "0123456789")]
)
def test_wrong_check_digits_and_runs(number: str) -> None:
    assert not is_nhs_number(number)


@given(st.integers(0, 999_999_999))
def test_at_most_one_check_digit_is_right(first_nine: int) -> None:
    """And none where the remainder asks for 10 (NHS Data Dictionary)."""
    digits = f"{first_nine:09}"
    total = sum((10 - place) * int(digit) for place, digit in enumerate(digits))
    right = [check for check in "0123456789" if is_nhs_number(digits + check)]
    check = (11 - total % 11) % 11
    run = digits + str(check) in {d * 10 for d in "0123456789"} | {"0123456789"}
    assert right == ([] if check == 10 or run else [str(check)])


@pytest.mark.parametrize(
    "text",
    [
        "943 476 5919",
        "Number 943 476 5919.",
        "401\u00a0023\u00a02137",
        "999\u2009054\u20098609",
        "(943 476 5919)",
        "943 476 5919\n401 023 2137",
        "NHS No: 9434765919",
        "NHS number 943-476-5919",
        "Patient Jane Smith, 9434765919",
        "9434765919 (DOB 01/02/1980)",
        "Hospital ref 9434765919",
        "patient 943 476 5919 01/02/1980",
        "NHS,Name\n1 943 476 5919 Smith",
        "nhs=9434765919;",
    ],
)
def test_numbers_that_count(text: str) -> None:
    assert has_nhs_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "999 123 4567",
        "NHS number 999 123 4567",
        "NHS number 0000000000, 111 111 1111",
        "9434765919",
        "943-476-5919",
        "Order number 9434765919 for the hospital",
        "Invoice no. 943 476 5919",
        "Patient, tel: 943 476 5919",
        "Hospital account 9434765919",
        "patient 94347659190",
        "patient 19434765919",
        "patient 0.9434765919",
        "patient 9434765919.25",
        "patient +9434765919",
        "patient A9434765919",
        "4929 943 476 5919",
        "943 476 5919 4929",
        "patient 9434 765 919",
        "patient 943  476  5919",
        "patient 943 476-5919",
        "patient 943\n476\n5919",
        "patient ٩٤٣٤٧٦٥٩١٩",
        "call me on 07700 900123 or 020 7946 0958 about the patient",
        "seen by the GP on 01/02/1980 at 10:30, 2026-05-01 12:00:00",
        "9434765919" + " and nothing of care for a long while" * 4 + " patient",
    ],
)
def test_numbers_that_do_not_count(text: str) -> None:
    assert not has_nhs_number(text)


def test_a_budget() -> None:
    assert not has_nhs_number("x " * 50 + "943 476 5919", longest=100)


@pytest.mark.parametrize(
    "piece", ["9", "943 ", "943 476 591", "9434765919 ", "patient ", "order no no ", "tel ", "-9434765919"]
)
def test_hostile_text_costs_linear_time(piece: str) -> None:
    started = time.process_time()
    has_nhs_number(piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 5.0


def test_random_ten_digit_numbers_are_mostly_left_alone() -> None:
    numbers = [f"{value * 7919 % 10**10:010}" for value in range(1, 20_000)]
    passing = sum(map(is_nhs_number, numbers)) / len(numbers)
    assert 0.07 < passing < 0.11
    assert not has_nhs_number("\n".join(numbers))

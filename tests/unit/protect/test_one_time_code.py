"""One-time codes against the tables of RFC 6238 appendix B and RFC 4226 appendix D."""

from __future__ import annotations

import pytest

from wardmail.protect.one_time_code import STEP, code_at, setting_up, step_of

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_table_of_rfc_6238(at: int, code: str) -> None:
    assert code_at(SECRET, at // STEP, 8) == code


def test_the_table_of_rfc_4226() -> None:
    assert [code_at(SECRET, count) for count in range(10)] == (
        ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    )


def test_a_clock_may_be_one_step_off_and_no_more() -> None:
    code, now = code_at(SECRET, 1000), 1000.0 * STEP
    assert [step_of(SECRET, code, now + drift * STEP) for drift in (-2, -1, 0, 1, 2)] == [None, 1000, 1000, 1000, None]


@pytest.mark.parametrize("code", ["", "0", "12345", "1234567", "abcdef", "１２３４５６"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert step_of(SECRET, code, 30_000.0) is None


def test_an_authenticator_is_told_as_it_expects() -> None:
    text, address = setting_up(SECRET, "amina", "Demo & trust")
    assert text == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert address.startswith(
        "otpauth://totp/Demo%20%26%20trust%3Aamina?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer="
    )

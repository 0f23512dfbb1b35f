"""What a mobile device is taken for, and what it is not given (SHARE-11)."""

from __future__ import annotations

import pytest

from wardmail.assurance.mobile_access import LARGEST, LONGEST, is_mobile, may_be_downloaded, may_be_shown

DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


@pytest.mark.parametrize(
    ("headers", "mobile"),
    [
        ({"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1"}, True),
        ({"user-agent": "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15"}, True),
        ({"user-agent": "Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Safari/537.36"}, True),
        ({"user-agent": "Mozilla/5.0 (Android 16; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0"}, True),
        ({"user-agent": DESK, "sec-ch-ua-mobile": "?1"}, True),
        ({"user-agent": DESK, "sec-ch-ua-mobile": "?0"}, False),
        ({"user-agent": "x" * 100_000 + "iPhone"}, False),
        ({}, False),
    ],
)
def test_a_device_is_what_its_browser_says(headers: dict[str, str], mobile: bool) -> None:
    assert is_mobile(headers) is mobile


def test_the_bounds_are_the_guide_s() -> None:
    assert (may_be_downloaded(LARGEST), may_be_downloaded(LARGEST + 1)) == (True, False)
    assert (may_be_shown(0.0, LONGEST), may_be_shown(0.0, LONGEST + 1)) == (True, False)

"""Words for numbers on the command line."""

from __future__ import annotations

import pytest

from wardmail.app.output import counted, span


def test_one_is_not_many() -> None:
    assert counted(1, "copy is", "copies are") == "1 copy is"
    assert counted(0, "source") == "0 sources"
    assert counted(2000, "byte") == "2,000 bytes"


@pytest.mark.parametrize(
    ("seconds", "words"), [(45, "45 s"), (720, "12 min"), (181_440, "2.1 days"), (1_209_600, "14 days")]
)
def test_a_span_has_no_empty_decimal(seconds: float, words: str) -> None:
    assert span(seconds) == words

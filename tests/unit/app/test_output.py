"""Words for numbers on the command line."""

from __future__ import annotations

import pytest

from wardmail.app.failures import refused
from wardmail.app.output import at_most, counted, span
from wardmail.model.refusal import Refusal


def test_one_is_not_many() -> None:
    assert counted(1, "copy is", "copies are") == "1 copy is"
    assert counted(0, "source") == "0 sources"
    assert counted(2000, "byte") == "2,000 bytes"


@pytest.mark.parametrize(
    ("seconds", "words"), [(45, "45 s"), (720, "12 min"), (181_440, "2.1 days"), (1_209_600, "14 days")]
)
def test_a_span_has_no_empty_decimal(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(("found", "told"), [(0, False), (3, False), (4, True)])
def test_a_list_that_ends_early_says_so(capsys: pytest.CaptureFixture[str], found: int, told: bool) -> None:
    """Commands ask for one more than they show: as many as the limit is no sign that there are more."""
    assert list(at_most(3, range(found))) == list(range(min(3, found)))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == ("There are more: these are the newest 3. Say --limit for more of them.\n" if told else "")


def test_nobody_is_sent_to_the_audit_for_what_was_only_tried() -> None:
    refusal = Refusal(550, "5.7.1", "This may not be sent", "WM-TRIED")
    assert "wardmail audit list" in refused(refusal).to_do
    assert refused(refusal, tried=True).to_do == "Nothing was sent or kept."

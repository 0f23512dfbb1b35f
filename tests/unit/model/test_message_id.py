"""Message IDs sort by time and keep to their alphabet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wardmail.model.message_id import first_id_at, make_id

times = st.floats(0, 4e9, allow_nan=False)
noises = st.integers(0, 2**40 - 1)


@given(times, times, noises, noises)
def test_ids_sort_by_time(earlier: float, later: float, one: int, two: int) -> None:
    if int(earlier * 1000) < int(later * 1000):
        assert make_id(earlier, one) < make_id(later, two)


@given(times, noises)
def test_nothing_at_a_time_is_below_its_floor(at: float, noise: int) -> None:
    made = make_id(at, noise)
    assert first_id_at(at) <= made
    assert len(made) == 18
    assert set(made) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

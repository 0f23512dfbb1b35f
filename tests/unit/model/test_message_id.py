"""Message IDs sort by time and keep to their alphabet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wardmail.model.message_id import first_id_at, ids_that_begin, make_id

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


def test_what_begins_an_id_gives_the_range_of_all_that_it_may_begin() -> None:
    made = make_id(1_800_000_000.0, 12345)
    for count in range(1, len(made) + 1):
        first, last = ids_that_begin(made[:count])
        assert first <= made <= last
        assert last[:count] == made[:count]
    for nothing in ("", made + "0", "%", "É"):
        first, last = ids_that_begin(nothing)
        assert first > last

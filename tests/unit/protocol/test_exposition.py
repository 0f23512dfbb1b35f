"""What Prometheus reads: escapes, whole and broken numbers, histograms that add up."""

from __future__ import annotations

import math

from wardmail.protocol.exposition import Family, Histogram, written

A = Family("a_total", "counter", "Things.\nMore", ("who", "how"))


def test_labels_are_escaped_so_that_no_value_can_begin_a_line_of_its_own() -> None:
    text = "".join(written(A, {('x"} 1\nevil_total 9', "back\\slash"): 2.0}))
    assert text == (
        '# HELP a_total Things.\\nMore\n# TYPE a_total counter\na_total{who="x\\"} 1\\nevil_total 9",how="back\\\\slash"} 2\n'
    )


def test_nothing_to_say_is_no_family() -> None:
    assert list(written(A, {})) == []


def test_numbers_keep_their_precision() -> None:
    family = Family("g", "gauge", "G.", ("n",))
    lines = list(written(family, {("a",): 0.1, ("b",): 1e300, ("c",): 1795644800.0, ("d",): math.inf}))[2:]
    assert lines == ['g{n="a"} 0.1\n', 'g{n="b"} 1e+300\n', 'g{n="c"} 1795644800\n', 'g{n="d"} +Inf\n']


def test_buckets_are_cumulative_and_the_last_is_the_count() -> None:
    family = Family("h_seconds", "histogram", "H.")
    lines = list(written(family, Histogram((0.5, 1.0), (2, 0, 3), 7.25)))[2:]
    assert lines == [
        'h_seconds_bucket{le="0.5"} 2\n',
        'h_seconds_bucket{le="1"} 2\n',
        'h_seconds_bucket{le="+Inf"} 5\n',
        "h_seconds_sum 7.25\n",
        "h_seconds_count 5\n",
    ]

"""A record written as TOML is read back as it was, whatever it holds; a strange file is faults and never an exception."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from wardmail.app.record_tables import Fault, line_of, record_of, table_of
from wardmail.model.agreement import Agreement
from wardmail.model.handover import Handover
from wardmail.model.person import Person
from wardmail.model.route import Route
from wardmail.model.source import Source
from wardmail.model.webhook_endpoint import WebhookEndpoint

KINDS = (Agreement, Handover, Person, Route, Source, WebhookEndpoint)
OUTSIDE: dict[type, dict[str, object]] = {
    Agreement: {"governance": None, "clinical_safety": None, "ended": None},
    Person: {"key_hash": b"", "added_at": 0.0, "left_at": None},
}
TOML = st.recursive(
    st.text() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=12))
st.register_type_strategy(int, st.integers(0, 2**40))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_written_is_read_back(kind: type[Any], data: st.DataObject) -> None:
    outside = OUTSIDE.get(kind, {})
    record = data.draw(st.builds(kind, **{name: st.just(value) for name, value in outside.items()}))
    text = tomli_w.dumps({"x": table_of(record, outside)})
    faults: list[Fault] = []
    assert record_of(kind, tomllib.loads(text)["x"], "x", faults, outside) == record
    assert faults == []


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(data=st.data())
def test_a_strange_table_is_faults(kind: type[Any], data: st.DataObject) -> None:
    names = st.sampled_from([each.name for each in fields(kind)]) | st.text(max_size=4)
    table = data.draw(st.dictionaries(names, TOML, max_size=4) | TOML)
    faults: list[Fault] = []
    record = record_of(kind, table, "x", faults, {})
    assert (record is None) == bool(faults)
    assert all(each.where.startswith("x") for each in faults)


def test_a_place_is_found_by_its_nearest_line() -> None:
    text = '[route.a]\nhost = "x"\n\n[route.a.limits]\nconnections = 1\n\n[[rule]]\nid = "r"\n'
    places = ("route.a.host", "route.a", "route.a.limits.connections", "route.a.limits.gone", "rule", "route", "none")
    assert [line_of(text, each) for each in places] == [2, 1, 5, 4, 7, 1, None]

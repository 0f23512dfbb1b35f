"""The kinds of events that programs are told of are kinds that are written."""

from __future__ import annotations

from pathlib import Path

from wardmail.protocol import notifications

SOURCES = Path(notifications.__file__).parents[1]


def test_every_kind_that_is_named_is_written_somewhere() -> None:
    named = {*notifications._BY_KIND, *notifications._OF_STATE, "MailJudged", "ReportTaken"}
    elsewhere = "\n".join(path.read_text() for path in SOURCES.rglob("*.py") if path != Path(notifications.__file__))
    assert [kind for kind in sorted(named) if f'"{kind}"' not in elsewhere] == []

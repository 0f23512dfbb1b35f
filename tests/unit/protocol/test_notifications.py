"""The kinds of events that programs are told of are kinds that are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from wardmail.protocol import notifications

SOURCES = Path(notifications.__file__).parents[1]


def test_every_kind_that_is_named_is_written_somewhere() -> None:
    named = {
        *notifications._BY_KIND,
        *notifications._ABOUT_NO_MESSAGE,
        *notifications._OF_STATE,
        "MailJudged",
        "ReportTaken",
    }
    elsewhere = "\n".join(path.read_text() for path in SOURCES.rglob("*.py") if path != Path(notifications.__file__))
    assert [kind for kind in sorted(named) if f'"{kind}"' not in elsewhere] == []


@pytest.mark.parametrize(
    "detail", [{}, {"states": {}}, {"states": {"site-3": "draft"}}, {"states": []}, {"states": {"odd": "active"}}]
)
def test_a_policy_without_a_version_in_force_is_no_news(detail: dict[str, object]) -> None:
    assert notifications.told_besides("PolicyActivated", detail, "app") is None


def test_what_people_said_of_a_version_stays_with_them() -> None:
    detail: dict[str, object] = {"reason": "Mrs Example asked", "states": {"site-12": "active", "site-9": "replaced"}}
    assert notifications.told_besides("PolicyActivated", detail, "app") == ("policy.changed", {"version": 12})


def test_what_is_written_about_no_message_is_mostly_nobodys_business() -> None:
    assert notifications.told_besides("RoutePaused", {}, "app") is None

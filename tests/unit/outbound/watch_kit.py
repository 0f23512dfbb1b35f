"""People who are told of what the register holds, days that pass, and what was told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import select

from tests.offices import Office
from tests.worlds import START
from wardmail.model.person import Person, Role
from wardmail.outbound.world import World
from wardmail.store.messages import Messages
from wardmail.store.notices_feed import NoticesFeed
from wardmail.store.schema_of_holds import webhook_message

TODAY = datetime.fromtimestamp(START, UTC).date()
GWEN = Person("gwen", "Gwen", "gwen@trust.example", roles=(Role.GOVERNANCE,))
WIN = Person("win", "Win", "win@trust.example", roles=(Role.OWNER,))
A_DAY = 86_400.0

W = TypeVar("W")


def watch_of(
    kind: Callable[[World, Callable[[], Mapping[str, Person]]], W], office: Office, people: tuple[Person, ...]
) -> W:
    return kind(office.stage.world, lambda: {each.id: each for each in people or (GWEN, WIN)})


def later(office: Office, days: float) -> None:
    office.stage.clock.at = START + days * A_DAY
    office.stage.world.register.refresh()


def events_of(office: Office, kind: str) -> list[dict[str, object]]:
    return [dict(each.detail) for each in Messages(office.stage.database).audit(0, 100) if each.kind == kind]


def posted(office: Office) -> list[dict[str, object]]:
    with office.stage.database.read() as connection:
        return [json.loads(each) for each in connection.execute(select(webhook_message.c.payload)).scalars()]


def told(office: Office, integration: str) -> list[dict[str, object]]:
    """As `posted`, to the program of an integration."""
    found = NoticesFeed(office.stage.database).since(integration, 0, 100).notifications
    return [{"type": each.type, "data": each.data} for each in found]

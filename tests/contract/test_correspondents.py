"""Who has written before, on both databases."""

from __future__ import annotations

from wardmail.store.connection import Database
from wardmail.store.correspondents import FEWEST, Correspondents


def test_a_stranger_is_one_only_among_acquaintances(database: Database) -> None:
    known = Correspondents(database)
    assert known.know("app", ["a@nhs.net"]) is None
    with database.write() as connection:
        known.add(connection, "app", [f"p{n}@nhs.net" for n in range(FEWEST)])
        known.add(connection, "app", ["P0@nhs.net"])
    assert known.know("app", ["P1@NHS.net"]) is True
    assert known.know("app", ["stranger@nhs.net"]) is False
    assert known.know("app", ["stranger@nhs.net", "p2@nhs.net"]) is True
    assert known.know("app", []) is None
    assert known.know("other", ["p1@nhs.net"]) is None

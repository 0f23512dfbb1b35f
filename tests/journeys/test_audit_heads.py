"""The audit's signed heads: a chain that was written anew as a whole is found out by them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journeys.gateway import Gateway, make_gateway
from tests.journeys.peers.ground import Authority
from wardmail.store.chain import GENESIS, link
from wardmail.store.connection import sqlite_module


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    made = make_gateway(tmp_path, Authority(tmp_path))
    made.do("route", "create", "sandbox", "--kind", "sandbox")
    return made


def _heads(gateway: Gateway) -> Path:
    return gateway.directory / "data" / "audit-heads"


def _rewrite(gateway: Gateway, *, rehash: bool) -> None:
    """Change what event 2 says, as somebody with the database would; `rehash`: and make the whole chain fit again."""
    connection = sqlite_module().connect(str(gateway.directory / "data" / "wardmail.db"))
    connection.execute("UPDATE event SET actor = 'somebody-else' WHERE seq = 2")
    if rehash:
        from wardmail.model.stored import Event

        last = GENESIS
        rows = connection.execute("SELECT seq, at, kind, message_id, subject, actor, detail FROM event ORDER BY seq")
        for seq, at, kind, message_id, subject, actor, detail in rows.fetchall():
            last = link(last, seq, Event(kind, at, actor, message_id, subject, {}), detail)
            connection.execute("UPDATE event SET hash = ? WHERE seq = ?", (last, seq))
        connection.execute("UPDATE chain_head SET hash = ?", (last,))
    connection.commit()
    connection.close()


def test_a_head_is_signed_once_a_day(gateway: Gateway) -> None:
    assert gateway.ask("audit", "head")[0]["signed"] is True
    assert gateway.ask("audit", "head")[0]["signed"] is False
    tomorrow = gateway.run("audit", "head", "--json", extra={"WARDMAIL__GATEWAY__CLOCK_AHEAD_DAYS": "1"})
    assert json.loads(tomorrow.stdout)["signed"] is True
    assert len(list(_heads(gateway).glob("*.json"))) == 2
    assert gateway.ask("audit", "verify")[0]["ok"] is True


def test_a_changed_row_is_named(gateway: Gateway) -> None:
    _rewrite(gateway, rehash=False)
    (found,) = gateway.ask("audit", "verify", status=3)
    assert "event 2 (RouteSaved) was changed" in found["why"]


def test_a_chain_that_was_written_anew_is_found_out_by_its_heads(gateway: Gateway) -> None:
    gateway.do("audit", "head")
    key = gateway.ask("audit", "key")[0]["key"]
    _rewrite(gateway, rehash=True)
    (found,) = gateway.ask("audit", "verify", status=3)
    assert "is not the one that was the last of" in found["why"]
    assert gateway.ask("audit", "verify", "--key", key, status=3)[0]["ok"] is False
    assert "Audit heads" in gateway.run("doctor", status=1).stdout


@pytest.mark.parametrize("damage", ["{}", "no json", '{"day": 1}', "x" * 5000])
def test_a_head_that_is_none_is_told(gateway: Gateway, damage: str) -> None:
    gateway.do("audit", "head")
    (path,) = _heads(gateway).glob("*.json")
    path.write_text(damage)
    (found,) = gateway.ask("audit", "verify", status=3)
    assert "was not signed by this gateway's key" in found["why"]


def test_a_forged_head_with_a_key_of_its_own_is_told(gateway: Gateway) -> None:
    gateway.do("audit", "head")
    (path,) = _heads(gateway).glob("*.json")
    values = json.loads(path.read_text())
    values["seq"] = 1
    path.write_text(json.dumps(values))
    assert gateway.ask("audit", "verify", status=3)[0]["ok"] is False
    another = "A" * 43 + "="
    assert gateway.ask("audit", "verify", "--key", another, status=3)[0]["ok"] is False

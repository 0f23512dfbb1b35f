"""Retention, end to end: what has ended cannot be opened any more, from nowhere, and what must stay still can."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.gateway import SENDER, Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority, wait_until
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import master_key
from wardmail.edges.sealed_file import read_sealed_file
from wardmail.edges.sealing import ContentSealer
from wardmail.model.refusal import Unavailable

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

LETTER = f"From: {SENDER}\r\nSubject: Planted-Subject\r\n%b\r\nPlanted-Words\r\n".encode()
SENSITIVE = b"Wardmail-Classification: official-sensitive\r\n"


def openable(home: Path, data: Path) -> set[str]:
    """The messages of which something can be read with the keystore in `home` and the database and spool in `data`."""
    sealer = ContentSealer(Keystore.open(home / "keystore.json", master_key(f"file:{home / 'master.key'}")))
    database = sqlite3.connect(data / "wardmail.db")
    rows = database.execute("SELECT message_id, variant, head, body, spooled FROM content").fetchall()
    database.close()
    opened: set[str] = set()
    for message_id, variant, head, body, spooled in rows:
        if b"Planted-Subject" in _opened(sealer, head, f"{message_id} head {variant}"):
            opened.add(message_id)
        key = _opened(sealer, body, f"{message_id} body key") if spooled else b""
        if key:
            path = data / "spool" / f"{spooled}.sealed"
            text = b"".join(read_sealed_file(path, key, f"spooled body {spooled}".encode())) if path.exists() else b""
        else:
            text = _opened(sealer, body, f"{message_id} body")
        if b"Planted-Words" in text:
            opened.add(message_id)
    return opened


def keys(gateway: Gateway) -> set[str]:
    return {each["data_key"] for each in gateway.ask("retention", "show") if "data_key" in each}


def _opened(sealer: ContentSealer, sealed: bytes | None, context: str) -> bytes:
    try:
        return sealer.open(sealed or b"", context.encode())
    except Unavailable:
        return b""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """Its mail goes into the sandbox, so that it is delivered at once."""
    (tmp_path / "home").mkdir()
    patient = {"hold.decide_within_hours": "100000"}
    made = make_gateway(tmp_path / "home", Authority(tmp_path), settings=patient)
    made.do("route", "create", "box", "--kind", "sandbox")
    let_in(made, "box")
    yield made
    made.kill()


def test_what_has_ended_cannot_be_opened_from_anywhere(gateway: Gateway, tmp_path: Path) -> None:
    data = gateway.directory / "data"
    with running(gateway, workers=2):
        done = gateway.send(LETTER % b"", "a@nhs.net")
        big = gateway.send(LETTER % b"" + b"filler\r\n" * 300_000, "b@nhs.net")
        held = gateway.send(LETTER % SENSITIVE, "c@example.com")
        wanted = gateway.send(LETTER % b"", "d@nhs.net")
        for each in (done, big, wanted):
            gateway.wait_for_states(each, "delivered")
        assert gateway.stop() == 0
    (placed,) = gateway.ask("retention", "hold", "place", "--recipient", "d@nhs.net", "--reason", "case 7")
    assert placed["messages"] == 1
    everything = {done, big, held, wanted}
    assert openable(data, data) == everything
    sealed, backup = keys(gateway), tmp_path / "backup"
    shutil.copytree(data, backup)

    gateway.settings["gateway.clock_ahead_days"] = "40"
    gateway.start(2)
    wait_until(lambda: openable(data, data) == {held, wanted}, "the worker to end what is past its term", 30)
    wait_until(lambda: not (keys(gateway) & sealed), "the data keys of that day to be destroyed", 30)
    assert gateway.stop() == 0
    gateway.kill()

    assert not list((data / "spool").glob("*.sealed"))
    assert openable(data, backup) == set(), "a backup of database and spool alone cannot be read"
    assert openable(backup, backup) == everything, "one of the keystore as well can: so the how-to says"
    for path in [each for each in data.rglob("*") if each.is_file() and "sandbox" not in each.parts]:
        assert b"Planted-" not in path.read_bytes(), path
    assert {each["kind"] for each in gateway.ask("audit", "list", "--limit", "100")} >= {
        "LegalHoldPlaced",
        "ContentDeleted",
        "DataKeyDestroyed",
    }
    assert gateway.ask("audit", "verify")[0]["ok"]
    assert gateway.ask("trace", done, "--since", "52w")[0]["id"] == done

    gateway.ask("retention", "hold", "lift", 1, "--reason", "settled")
    (ended,) = gateway.ask("retention", "run", "--yes")
    assert ended["messages"] == 1
    assert openable(data, data) == {held}


def test_a_changed_master_key_makes_old_copies_of_the_keystore_worthless(gateway: Gateway, tmp_path: Path) -> None:
    data = gateway.directory / "data"
    with running(gateway, workers=1):
        first = gateway.send(LETTER % b"", "a@nhs.net")
        gateway.wait_for_states(first, "delivered")
        shutil.copy(data / "keystore.json", tmp_path / "old-keystore.json")
        gateway.ask("keys", "rotate-master", "--yes")
        second = gateway.send(LETTER % b"", "a@nhs.net")
        gateway.wait_for_states(second, "delivered")
        assert gateway.stop() == 0
    assert openable(data, data) == {first, second}
    with pytest.raises(Unavailable, match="does not open it"):
        Keystore.open(tmp_path / "old-keystore.json", master_key(f"file:{data / 'master.key'}"))


def test_terms_of_an_integration_are_set_and_shown(gateway: Gateway) -> None:
    refused = gateway.run("retention", "set", "app", 7, "--reason", "DPO 4", status=1)
    assert "--yes" in refused.stderr
    (done,) = gateway.ask("retention", "set", "app", 7, "--reason", "DPO 4", "--yes")
    assert done == {"integration": "app", "days": 7, "messages": 0}
    assert gateway.ask("retention", "show")[0] == {"integration": "app", "days": 7, "own": True}
    assert gateway.ask("retention", "run", "--dry-run") == [{"due": 0}]
    for words, code in (
        (("set", "nobody", 7, "--reason", "a test", "--yes"), 5),
        (("set", "app", -1, "--reason", "a test", "--yes"), 2),
        (("hold", "place", "--reason", "a test"), 2),
        (("hold", "place", "--integration", "nobody", "--reason", "a test"), 2),
        (("hold", "place", "--message", "nothing", "--reason", "a test"), 2),
        (("hold", "place", "--recipient", "nobody", "--reason", "a test"), 2),
        (("hold", "place", "--since", "2026-11-02", "--until", "2026-11-01", "--reason", "a test"), 2),
        (("hold", "lift", 9, "--reason", "a test"), 6),
    ):
        gateway.run("retention", *words, status=code)

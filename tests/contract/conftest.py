"""The stores of secrets that the contract suites run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.outside import AzureAtHand, VaultAtHand, azure_at_hand, filled_token, vault_at_hand
from tests.journeys.peers.ground import Authority
from tests.worlds import SettableClock
from wardmail.store.connection import Database


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with filled_token(tmp_path_factory.mktemp("hsm")) as module:
        yield module


@pytest.fixture
def vault(authority: Authority) -> Iterator[VaultAtHand]:
    with vault_at_hand(authority) as at_hand:
        yield at_hand


@pytest.fixture
def azure(authority: Authority) -> Iterator[AzureAtHand]:
    with azure_at_hand(authority) as at_hand:
        yield at_hand


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "keystore.json"


@pytest.fixture
def clock(database: Database) -> SettableClock:
    """The database's own clock, which stands still at second 1,000,000 until a test moves it."""
    database.clock = made = SettableClock(1_000_000.0)
    return made

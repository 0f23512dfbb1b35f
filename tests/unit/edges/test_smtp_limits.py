"""What one address may do, and how little is remembered of the others."""

from __future__ import annotations

import pytest

from wardmail.edges.smtp_limits import PeerLedger, network_of
from wardmail.edges.smtp_settings import PeerLimits


def test_open_connections_are_counted_until_released() -> None:
    ledger = PeerLedger(PeerLimits(connections=1, connections_per_minute=None))
    assert ledger.admit("192.0.2.1", 0) is None
    assert ledger.admit("192.0.2.1", 0) is not None
    assert ledger.admit("192.0.2.2", 0) is None
    ledger.release("192.0.2.1")
    ledger.release("192.0.2.1")
    assert ledger.admit("192.0.2.1", 0) is None


def test_connections_a_minute() -> None:
    ledger = PeerLedger(PeerLimits(connections=None, connections_per_minute=2))
    assert [ledger.admit("192.0.2.1", now) is None for now in (0, 1, 2, 61)] == [True, True, False, True]


def test_a_lockout_ends() -> None:
    ledger = PeerLedger(PeerLimits(failed_logins_per_user=2, failure_window=100, lockout=50))
    ledger.record_failed_login("192.0.2.1", "a", 0)
    assert not ledger.is_locked_out("192.0.2.1", "a", 0)
    ledger.record_failed_login("192.0.2.1", "a", 10)
    assert ledger.is_locked_out("192.0.2.1", "a", 59)
    assert not ledger.is_locked_out("192.0.2.1", "a", 61)
    assert not ledger.is_locked_out("192.0.2.1", "b", 10)
    assert not ledger.is_locked_out("192.0.2.2", "a", 10)


def test_old_failures_do_not_count() -> None:
    ledger = PeerLedger(PeerLimits(failed_logins_per_user=2, failure_window=100))
    ledger.record_failed_login("192.0.2.1", "a", 0)
    ledger.record_failed_login("192.0.2.1", "a", 101)
    assert not ledger.is_locked_out("192.0.2.1", "a", 101)


def test_a_banned_address_is_not_admitted_for_a_minute() -> None:
    ledger = PeerLedger(PeerLimits())
    ledger.ban("192.0.2.1", 0)
    assert ledger.admit("192.0.2.1", 59) is not None
    assert ledger.admit("192.0.2.1", 61) is None


def test_memory_is_bounded() -> None:
    ledger = PeerLedger(PeerLimits(remembered_addresses=10))
    for number in range(1000):
        ledger.record_failed_login(f"192.0.{number // 250}.{number % 250}", f"user{number}", 0)
    assert len(ledger._tallies) == 10


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a:socket", "a:socket"),
    ],
)
def test_who_counts_as_one(peer: str, network: str) -> None:
    assert network_of(peer) == network

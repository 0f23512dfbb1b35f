"""A report counts once, and only for a copy that we really sent to that address, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.test_queue import handed_on
from tests.messages import NoSpool, PlainBlinder, ReversingSealer, accepted
from tests.worlds import APP
from wardmail.inbound.returns import TakenReport, take_report
from wardmail.model.delivery import RecipientState
from wardmail.model.suppression import SuppressionReason
from wardmail.protocol.report_reading import NotAReport
from wardmail.store.breakers import Breakers
from wardmail.store.connection import Database
from wardmail.store.queue import StoreQueue
from wardmail.store.register import StoreRegister
from wardmail.store.returns import StoreReturns
from wardmail.store.suppressions import StoreSuppressions
from wardmail.store.writer import Writer

SENT, HELD = "06DP0E9YQ4M7X2KZ3T", "06DP0E9YQ4M7X2KZ3V"


@pytest.fixture
async def returns(database: Database) -> Iterator[StoreReturns]:  # type: ignore[misc]
    writer = Writer(database)
    queue = StoreQueue(database, writer, ReversingSealer(), NoSpool(), owner="worker-0", blinder=PlainBlinder())
    StoreRegister(database).save_integration(APP, "test")
    await queue.put(accepted(SENT, to=("gone@example.com", "here@example.com")))
    await queue.put(accepted(HELD, to=("held@example.com",), state=RecipientState.HELD, due_at=None))
    await queue.record([handed_on(SENT, 0), handed_on(SENT, 1)])
    yield StoreReturns(database)
    writer.close()


def bounce(address: str, of: str = SENT, status: str = "5.1.1", envid: str = "") -> bytes:
    return (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\nOriginal-Envelope-Id: {envid}\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n\r\n--b\r\n"
        f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{of}@gw.test>\r\n\r\n--b--\r\n"
    ).encode()


def complaint(line: str, of: str = SENT) -> bytes:
    return (
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n"
        f"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n{line}\r\n--b\r\n"
        f"Content-Type: message/rfc822\r\n\r\nMessage-ID: <{of}@gw.test>\r\n\r\nHello\r\n--b--\r\n"
    ).encode()


def take(returns: StoreReturns, raw: bytes) -> TakenReport:
    taken = take_report(returns, raw, actor="me", now=1000.0)
    assert not isinstance(taken, NotAReport)
    (one,) = taken
    return one


def on_the_list(database: Database) -> list[tuple[str, str, SuppressionReason]]:
    return [(e.address, e.integration_id, e.reason) for e in StoreSuppressions(database).since(0)]


async def test_a_late_bounce_ends_the_copy_and_suppresses(returns: StoreReturns, database: Database) -> None:
    taken = take(returns, bounce("Gone@Example.com"))
    assert (taken.is_news, taken.suppressed) == (True, True)
    assert on_the_list(database) == [("gone@example.com", "", SuppressionReason.BOUNCED)]
    assert [c.address for c in returns.sent_copies([SENT], "", [])] == ["gone@example.com", "here@example.com"]


async def test_the_same_report_twice_is_no_news(returns: StoreReturns, database: Database) -> None:
    take(returns, bounce("gone@example.com"))
    assert not take(returns, bounce("gone@example.com")).is_news
    assert len(on_the_list(database)) == 1


@pytest.mark.parametrize(
    "raw",
    [
        bounce("victim@example.com"),
        bounce("gone@example.com", of="06DP0E9YQ4M7X2KZ9Z"),
        bounce("gone@example.com", of="nothing"),
        bounce("gone@example.com", of="nothing", envid="e1"),
        bounce("held@example.com", of=HELD),
        complaint("Original-Rcpt-To: victim@example.com\r\n"),
        complaint(""),
    ],
    ids=["another address", "another message", "no id", "an id that can be guessed", "never sent", "arf", "two people"],
)
async def test_a_forged_report_does_nothing(returns: StoreReturns, database: Database, raw: bytes) -> None:
    assert take(returns, raw).copy is None
    assert on_the_list(database) == []


async def test_a_full_mailbox_is_noted_and_stays_in_use(returns: StoreReturns, database: Database) -> None:
    taken = take(returns, bounce("gone@example.com", status="5.2.2"))
    assert (taken.is_news, taken.suppressed) == (True, False)
    assert on_the_list(database) == []


async def test_a_complaint_counts_for_its_integration_alone(returns: StoreReturns, database: Database) -> None:
    assert take(returns, complaint("Original-Rcpt-To: <here@example.com>\r\n")).suppressed
    assert on_the_list(database) == [("here@example.com", "demo", SuppressionReason.COMPLAINED)]
    assert not take(returns, complaint("Original-Rcpt-To: <here@example.com>\r\n")).is_news
    assert Breakers(database).tally("demo").complained in (0, 1)

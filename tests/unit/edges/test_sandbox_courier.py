"""The sandbox keeps mail here, and acts out failures."""

from __future__ import annotations

import stat
from dataclasses import replace

from tests.journeys.courier_kit import consignment

from wardmail.edges.courier import RoutedCourier
from wardmail.edges.sandbox_courier import SandboxCourier
from wardmail.model.delivery import Deferred, Delivered, Failed
from wardmail.model.route import Route, RouteKind

ROUTE = Route("sandbox", RouteKind.SANDBOX)


async def deliver(courier, message):
    return [result.outcome for result in await courier.deliver(message, ROUTE)]


async def test_every_copy_becomes_a_file_for_its_owner_alone(tmp_path):
    message = consignment("anna@sink.example", "held@sandbox.invalid")
    outcomes = await deliver(SandboxCourier(tmp_path), message)
    assert [type(outcome) for outcome in outcomes] == [Delivered, Delivered]
    first, second = sorted((tmp_path / "new").glob("*.eml"))
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert first.read_bytes() == (
        b"Return-Path: <app@trust.example>\r\nDelivered-To: anna@sink.example\r\n"
        + message.head
        + b"\r\nHello.\r\n.dotted\r\n"
    )
    assert b"Delivered-To: held@sandbox.invalid\r\n" in second.read_bytes()


async def test_the_oldest_copies_make_room(tmp_path):
    courier = SandboxCourier(tmp_path, keep=3)
    for number in range(5):
        await deliver(courier, replace(consignment(), message_id=f"01{number}"))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["012-1.eml", "013-1.eml", "014-1.eml"]


async def test_simulated_failures(tmp_path):
    message = consignment("Bounce@sandbox.invalid", "delay@sandbox.invalid", "tlsfail@sandbox.invalid")
    bounce, delay, tlsfail = await deliver(SandboxCourier(tmp_path), message)
    assert isinstance(bounce, Failed)
    assert (bounce.status, bounce.reply.code) == ("5.1.1", 550)
    assert isinstance(delay, Deferred)
    assert delay.reply.status == "4.2.2"
    assert isinstance(tlsfail, Deferred)
    assert "certificate has expired" in tlsfail.why
    assert not (tmp_path / "new").exists()


async def test_a_delay_ends_with_the_third_attempt(tmp_path):
    message = consignment("delay@sandbox.invalid")
    for attempts, kind in [(0, Deferred), (1, Deferred), (2, Delivered)]:
        again = replace(message, recipients=(replace(message.recipients[0], attempts=attempts),))
        (outcome,) = await deliver(SandboxCourier(tmp_path), again)
        assert isinstance(outcome, kind)


async def test_a_full_disk_defers(tmp_path):
    (tmp_path / "new").write_text("in the way")
    (outcome,) = await deliver(SandboxCourier(tmp_path), consignment())
    assert isinstance(outcome, Deferred)


class BrokenCourier:
    async def deliver(self, consignment, route):
        raise RuntimeError("secret text")

    async def close(self):
        return None


async def test_no_exception_leaves_and_its_text_is_not_logged(caplog):
    courier = RoutedCourier({RouteKind.SANDBOX: BrokenCourier()})
    (outcome,) = await deliver(courier, consignment())
    assert isinstance(outcome, Deferred)
    assert outcome.error == "WM-DELIVERY-INTERNAL"
    assert "RuntimeError" in caplog.text
    assert "secret text" not in caplog.text + repr(outcome)


async def test_a_kind_without_a_courier_defers():
    (outcome,) = await deliver(RoutedCourier({}), consignment())
    assert outcome.error == "WM-ROUTE-KIND"

"""Upstreams that lie, stall, babble or break: nothing is lost, nothing leaks, nothing is believed that was not proved."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from tests.journeys.courier_kit import HASTY, KnownSecrets, consignment, smtp_courier
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.stage_server import Act, Play, on_stage
from wardmail.model.delivery import Ambiguous, Deferred, Failed, HandedOn
from wardmail.model.route import AuthMechanism, Route, RouteKind, RouteLimits, TlsLevel, TlsMode

pytestmark = pytest.mark.journey

IMPATIENT = replace(HASTY, connect_timeout=0.5, reply_timeout=0.5, final_reply_timeout=0.5)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("localhost")


@pytest.fixture
def route(authority):
    return Route("test", RouteKind.SMARTHOST, "localhost", 0, ca_file=str(authority.ca_file))


async def attempt(route, stage, message=None, settings=IMPATIENT, secrets=None, **changes):
    courier = smtp_courier(settings, secrets)
    try:
        results = await courier.deliver(message or consignment(), replace(route, port=stage.port, **changes))
    finally:
        await courier.close()
    return results


async def test_the_stage_itself_takes_mail(route, certificate):
    async with on_stage(Play(), certificate) as stage:
        (result,) = await attempt(route, stage)
    assert isinstance(result.outcome, HandedOn)
    assert stage.messages == [consignment().head + b"\r\nHello.\r\n..dotted\r\n"]


async def test_a_reply_injected_before_tls_ends_the_connection(route, certificate):
    play = Play({"STARTTLS": [b"220 go\r\n250 AUTH PLAIN\r\n"]})
    async with on_stage(play, certificate) as stage:
        (result,) = await attempt(route, stage)
    assert isinstance(result.outcome, Deferred)
    assert not result.outcome.counts
    assert stage.count("MAIL") == 0


async def test_half_a_reply_injected_before_tls_ends_the_connection(route, certificate):
    async with on_stage(Play({"STARTTLS": [b"220 go\r\n250 half"]}), certificate) as stage:
        (result,) = await attempt(route, stage)
    assert "plaintext" in result.outcome.why
    assert stage.count("MAIL") == 0


async def test_stripped_starttls_stops_the_route(route, certificate):
    async with on_stage(Play(offers_tls=False), certificate) as stage:
        (result,) = await attempt(route, stage, tls=TlsLevel.ENCRYPTED, message=consignment(tls=TlsLevel.NONE))
    assert result.outcome.error == "WM-ROUTE-NO-TLS"
    assert isinstance(result.outcome, Deferred)
    assert stage.count("MAIL") == 0


async def test_refused_starttls_stops_the_route(route, certificate):
    async with on_stage(Play({"STARTTLS": ["454 not now"]}), None) as stage:
        (result,) = await attempt(route, stage)
    assert result.outcome.error == "WM-ROUTE-NO-TLS"
    assert result.outcome.reply.code == 454


@pytest.mark.parametrize("features", [["PIPELINING"], ["AUTH LOGIN XOAUTH2"]])
async def test_stripped_auth_stops_the_route(route, certificate, features):
    async with on_stage(Play(features=features), certificate) as stage:
        (result,) = await attempt(route, stage, auth=AuthMechanism.PLAIN, username="u", secret_ref="keystore:x")
    assert result.outcome.error == "WM-ROUTE-NO-AUTH"
    assert stage.count("AUTH") == stage.count("MAIL") == 0


async def test_credentials_never_go_to_an_unproved_name(route, certificate):
    secrets = KnownSecrets(x=b"secret")
    async with on_stage(Play(features=["AUTH PLAIN"]), certificate) as stage:
        (result,) = await attempt(
            route,
            stage,
            consignment(tls=TlsLevel.NONE),
            secrets=secrets,
            host="127.0.0.1",
            tls=TlsLevel.NONE,
            auth=AuthMechanism.PLAIN,
            username="u",
            secret_ref="keystore:x",
        )
    assert result.outcome.error == "WM-TLS-REFUSED"
    assert stage.count("AUTH") == 0


async def test_a_certificate_of_another_authority_is_refused(route, tmp_path):
    async with on_stage(Play(), Authority(tmp_path).issue("localhost")) as stage:
        (result,) = await attempt(route, stage)
    assert result.outcome.error == "WM-TLS-REFUSED"
    assert "certificate" in result.outcome.why
    assert result.tls.achieved is TlsLevel.NONE
    assert stage.count("MAIL") == 0


async def test_a_refused_log_in_is_the_routes_fault(route, certificate):
    play = Play({"AUTH": ["535 5.7.8 wrong"]}, features=["AUTH PLAIN"])
    async with on_stage(play, certificate) as stage:
        (result,) = await attempt(
            route,
            stage,
            auth=AuthMechanism.PLAIN,
            username="u",
            secret_ref="keystore:x",
            secrets=KnownSecrets(x=b"not this one"),
        )
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.error == "WM-ROUTE-AUTH"
    assert "not this one" not in repr(result)


async def test_a_secret_that_cannot_be_read_defers(route, certificate):
    async with on_stage(Play(features=["AUTH PLAIN"]), certificate) as stage:
        (result,) = await attempt(route, stage, auth=AuthMechanism.PLAIN, username="u", secret_ref="keystore:gone")
    assert result.outcome.error == "WM-ROUTE-UNAVAILABLE"
    assert stage.count("AUTH") == 0


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA"])
async def test_stalls_end_by_time_out(route, certificate, verb):
    async with on_stage(Play({verb: [Act.STALL]}), certificate) as stage:
        began = time.monotonic()
        (result,) = await attempt(route, stage)
    assert isinstance(result.outcome, Deferred)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    "babble",
    [
        b"hello?\r\n",
        b"250-a\r\n251 b\r\n",
        b"250 " + b"x" * 5000 + b"\r\n",
        b"250-x\r\n" * 500,
        b"\0\xff\r\n",
        b"999 x\r\n",
    ],
)
async def test_babble_is_never_success(route, certificate, verb, babble):
    async with on_stage(Play({verb: [babble]}), certificate) as stage:
        (result,) = await attempt(route, stage)
    assert isinstance(result.outcome, Deferred)
    assert stage.messages == []


@pytest.mark.parametrize("end", [Act.CLOSE, Act.STALL, b"hello?\r\n", b"354 more\r\n"])
async def test_no_clear_answer_to_the_final_dot_is_ambiguous(route, certificate, end):
    async with on_stage(Play({"DOT": [end], "RCPT": ["250 ok", "550 5.1.1 no"]}), certificate) as stage:
        taken, refused = await attempt(route, stage, consignment("a@sink.example", "b@sink.example"))
    assert isinstance(taken.outcome, Ambiguous)
    assert isinstance(refused.outcome, Failed)


class SpooledBody:
    """Twenty megabytes, read in chunks as from a file."""

    is_spooled = True
    size = 20_000_000

    def chunks(self):
        for _ in range(200):
            yield (b"x" * 998 + b"\r\n") * 100


async def test_a_connection_lost_within_a_large_body_is_deferred(route, certificate):
    async with on_stage(Play(dies_in_content=True), certificate) as stage:
        (result,) = await attempt(route, stage, consignment(body=SpooledBody()))
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.counts
    assert stage.messages == []


async def test_a_large_body_arrives_whole(route, certificate):
    async with on_stage(Play(), certificate) as stage:
        (result,) = await attempt(route, stage, consignment(body=SpooledBody()), replace(IMPATIENT, reply_timeout=5))
    assert isinstance(result.outcome, HandedOn)
    assert len(stage.messages[0]) == consignment(body=SpooledBody()).size


async def test_a_reader_that_stops_reading_is_timed_out(route, certificate):
    async with on_stage(Play({"DATA": [b"354 go\r\n"]}, stops_reading=True), certificate) as stage:
        (result,) = await attempt(route, stage, consignment(body=SpooledBody()))
    assert isinstance(result.outcome, Deferred)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
async def test_421_mid_way_defers(route, certificate, verb):
    async with on_stage(Play({verb: ["421 4.3.2 shutting down"]}), certificate) as stage:
        (result,) = await attempt(route, stage)
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.reply.code == 421


async def test_a_refusal_of_the_whole_message_fails_those_that_were_accepted(route, certificate):
    async with on_stage(Play({"DOT": ["554 5.7.1 spam"]}), certificate) as stage:
        results = await attempt(route, stage, consignment("a@sink.example", "b@sink.example"))
    assert [result.outcome.status for result in results] == ["5.7.1", "5.7.1"]


async def test_354_with_everybody_refused_sends_an_empty_message(route, certificate):
    play = Play({"RCPT": ["550 5.1.1 no"], "DOT": ["554 5.5.1 no valid recipients"]})
    async with on_stage(play, certificate) as stage:
        (result,) = await attempt(route, stage)
    assert result.outcome.status == "5.1.1"
    assert stage.messages == [b""]


async def test_the_next_message_starts_anew_after_a_refused_one(route, certificate):
    play = Play({"RCPT": ["550 no", "250 ok"], "DATA": ["503 no valid recipients", "354 go"]})
    async with on_stage(play, certificate) as stage:
        courier = smtp_courier(IMPATIENT)
        route = replace(route, port=stage.port)
        (first,) = await courier.deliver(consignment(), route)
        (second,) = await courier.deliver(consignment(), route)
        (third,) = await courier.deliver(consignment(), route)
        await courier.close()
    assert [type(result.outcome) for result in (first, second, third)] == [Failed, HandedOn, HandedOn]
    assert (stage.connections, stage.count("RSET")) == (1, 1)


async def test_an_idle_connection_that_died_is_replaced_unnoticed(route, certificate):
    play = Play({"MAIL": ["250 ok", Act.CLOSE, "250 ok"]})
    async with on_stage(play, certificate) as stage:
        courier = smtp_courier(IMPATIENT)
        route = replace(route, port=stage.port)
        results = [(await courier.deliver(consignment(), route))[0] for _ in range(2)]
        await courier.close()
    assert all(isinstance(result.outcome, HandedOn) for result in results)
    assert (stage.connections, len(stage.messages)) == (2, 2)


async def test_an_idle_connection_says_quit_after_a_while(route, certificate):
    async with on_stage(Play(), certificate) as stage:
        courier = smtp_courier(replace(IMPATIENT, idle_timeout=0.2))
        await courier.deliver(consignment(), replace(route, port=stage.port))
        await asyncio.sleep(0.6)
        assert stage.count("QUIT") == 1
        await courier.close()


async def test_limits_of_connections_messages_and_recipients(route, certificate):
    limits = RouteLimits(connections=2, messages_per_connection=3, recipients_per_message=2)
    async with on_stage(Play(), certificate) as stage:
        courier = smtp_courier()  # patient: on a busy machine a connection that timed out would be one more
        route = replace(route, port=stage.port, limits=limits)
        message = consignment("a@sink.example", "b@sink.example", "c@sink.example")
        everything = await asyncio.gather(*(courier.deliver(message, route) for _ in range(9)))
        await courier.close()
    assert all(isinstance(result.outcome, HandedOn) for results in everything for result in results)
    assert [result.recipient_id for result in everything[0]] == [1, 2, 3]
    assert (stage.count("MAIL"), stage.count("RCPT")) == (18, 27)
    # Six would do; who waits while the last room is taken may open one more.
    assert 6 <= stage.connections <= 8


async def test_sessions_are_resumed(route, certificate):
    async with on_stage(Play(), certificate) as stage:
        courier = smtp_courier(IMPATIENT)
        route = replace(route, port=stage.port, limits=RouteLimits(messages_per_connection=1))
        for _ in range(3):
            (result,) = await courier.deliver(consignment(), route)
            assert result.tls.proof == "certificate of localhost verified"
        await courier.close()
    assert (stage.connections, stage.resumed) == (3, 2)


async def test_implicit_tls(route, certificate):
    async with on_stage(Play(), certificate, implicit=True) as stage:
        (result,) = await attempt(route, stage, tls_mode=TlsMode.IMPLICIT)
    assert isinstance(result.outcome, HandedOn)
    assert result.tls.achieved is TlsLevel.VERIFIED


async def test_plain_text_only_where_nothing_asks_for_more(route):
    async with on_stage(Play(offers_tls=False), None) as stage:
        (result,) = await attempt(route, stage, consignment(tls=TlsLevel.NONE), tls=TlsLevel.NONE)
    assert isinstance(result.outcome, HandedOn)
    assert (result.tls.achieved, result.tls.proof) == (TlsLevel.NONE, "no TLS")


async def test_nobody_listens(route, certificate):
    async with on_stage(Play(), certificate) as stage:
        pass
    (result,) = await attempt(route, stage)
    assert result.outcome.error == "WM-ROUTE-CONNECTION"
    assert "connection refused" in result.outcome.why


async def test_many_spooled_messages_are_each_answered(route, certificate):
    class SmallSpooledBody(SpooledBody):
        size = 10

        def chunks(self):
            yield from (b"12345", b"678\r\n")

    async with on_stage(Play(), certificate) as stage:
        courier = smtp_courier(IMPATIENT)
        message = consignment(body=SmallSpooledBody())
        route = replace(route, port=stage.port)
        everything = await asyncio.gather(*(courier.deliver(message, route) for _ in range(100)))
        await courier.close()
    assert all(isinstance(result.outcome, HandedOn) for (result,) in everything)
    assert len(stage.messages) == 100


async def test_a_stored_message_that_cannot_be_read_is_deferred(route, certificate):
    class LostBody(SpooledBody):
        def chunks(self):
            yield b"a\r\n"
            raise OSError("gone")

    async with on_stage(Play(), certificate) as stage:
        (result,) = await attempt(route, stage, consignment(body=LostBody()))
    assert isinstance(result.outcome, Deferred)
    assert stage.messages == []

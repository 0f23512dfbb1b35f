"""Questions to a real validating resolver."""

from __future__ import annotations

import pytest

from tests.journeys.courier_kit import WallClock
from tests.journeys.peers.dns import running_dns
from wardmail.edges.dns import DnsResolver
from wardmail.model.question import DnsQuestion, Found, HttpsQuestion, NotFound, Unknown

pytestmark = pytest.mark.journey

PLAIN = ["@ MX 10 mx", "mx A 127.0.0.2", "long TXT " + " ".join(f'"{"x" * 200}"' for _ in range(20)), "two TXT one two"]
SIGNED = ["@ MX 10 mx", "mx A 127.0.0.2", "alias CNAME mx", "_25._tcp.mx TLSA 3 1 1 " + "ab" * 32]


@pytest.fixture(scope="module")
def dns():
    with running_dns({"plain.example": PLAIN}, {"signed.example": SIGNED}, ["broken.example"]) as running:
        yield running


@pytest.fixture
def resolver(dns):
    return DnsResolver(WallClock(), dns.nameservers, timeout=3)


@pytest.mark.parametrize(
    ("name", "rdtype", "answer"),
    [
        ("plain.example", "MX", Found(("10 mx.plain.example.",))),
        ("signed.example", "MX", Found(("10 mx.signed.example.",), authenticated=True)),
        ("alias.signed.example", "A", Found(("127.0.0.2",), authenticated=True)),
        ("_25._tcp.mx.signed.example", "TLSA", Found(("3 1 1 " + "ab" * 32,), authenticated=True)),
        ("two.plain.example", "TXT", Found(("onetwo",))),
        ("long.plain.example", "TXT", Found(("x" * 4000,))),
        ("mx.plain.example", "AAAA", NotFound()),
        ("nothing.plain.example", "A", NotFound()),
        ("nothing.signed.example", "A", NotFound(authenticated=True)),
        ("mx.signed.example", "AAAA", NotFound(authenticated=True)),
    ],
)
async def test_answers(resolver, name, rdtype, answer):
    assert await resolver.answer(DnsQuestion(name, rdtype)) == answer


async def test_what_cannot_be_found_out_is_unknown(resolver, dns):
    assert isinstance(await resolver.answer(DnsQuestion("x.broken.example", "MX")), Unknown)
    assert isinstance(await resolver.answer(DnsQuestion("x" * 70 + ".example", "MX")), Unknown)
    assert isinstance(await resolver.answer(HttpsQuestion("https://x.example/")), Unknown)


async def test_nobody_answers():
    resolver = DnsResolver(WallClock(), [("127.0.0.1", 1)], timeout=0.3)
    assert isinstance(await resolver.answer(DnsQuestion("plain.example", "MX")), Unknown)


class SteppedClock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


async def test_answers_are_remembered_as_long_as_they_live(dns):
    clock = SteppedClock()
    resolver = DnsResolver(clock, dns.nameservers, timeout=1)
    question = DnsQuestion("mx.plain.example", "A")
    first = await resolver.answer(question)
    absence = await resolver.answer(DnsQuestion("nothing.plain.example", "A"))
    resolver._resolver.nameservers = []
    assert await resolver.answer(question) is first
    assert await resolver.answer(DnsQuestion("nothing.plain.example", "A")) is absence
    clock.time += 61
    assert isinstance(await resolver.answer(question), Unknown)


async def test_the_ad_bit_is_believed_from_loopback_only():
    assert DnsResolver(WallClock(), [("127.0.0.1", 53), ("::1", 53)])._trusts_ad
    assert not DnsResolver(WallClock(), [("127.0.0.1", 53), ("192.0.2.1", 53)])._trusts_ad

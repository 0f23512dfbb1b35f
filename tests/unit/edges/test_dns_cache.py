"""What is remembered of the DNS: small answers, and none that whoever is asked about made as large as can be."""

from __future__ import annotations

from tests.worlds import SettableClock

from wardmail.edges.dns import DnsResolver
from wardmail.model.question import DnsQuestion, Found


def test_an_answer_as_large_as_can_be_is_given_and_not_kept() -> None:
    resolver = DnsResolver(SettableClock(), [("127.0.0.1", 53)])
    small, large = Found(("v=spf1 -all",)), Found(("x" * 60_000,))
    for name, answer in (("small.example", small), ("large.example", large)):
        assert resolver._remember(DnsQuestion(name, "TXT"), answer, []) == answer
    assert resolver._remembered(DnsQuestion("small.example", "TXT")) == small
    assert resolver._remembered(DnsQuestion("large.example", "TXT")) is None

"""The sandbox's name server: who sends from `*.example` is real, a forger is told, all else does not exist."""

from __future__ import annotations

import dns.message
import pytest

from wardmail.edges.clock import SystemClock
from wardmail.edges.dns import DnsResolver
from wardmail.edges.sandbox_names import FORGED, SandboxNames, reply_to
from wardmail.model.question import DnsQuestion, Found, NotFound


@pytest.mark.parametrize(
    ("name", "kind", "answer"),
    [
        ("ward.example", "TXT", Found(("v=spf1 ip4:127.0.0.1 -all",))),
        (FORGED, "TXT", Found(("v=spf1 -all",))),
        ("_dmarc.ward.example", "TXT", Found(("v=DMARC1; p=reject",))),
        ("ward.example", "MX", NotFound()),
        ("s1._domainkey.ward.example", "TXT", NotFound()),
        ("nhs.net", "TXT", NotFound()),
        ("1.0.0.127.in-addr.arpa", "PTR", NotFound()),
    ],
)
async def test_what_it_says(name: str, kind: str, answer: object) -> None:
    names = SandboxNames()
    names.start()
    host, _, port = names.address.partition(":")
    assert await DnsResolver(SystemClock(), [(host, int(port))]).answer(DnsQuestion(name, kind)) == answer


@pytest.mark.parametrize("question", [b"", b"\0" * 12, b"\xff" * 600])
def test_what_is_no_question_breaks_nothing(question: bytes) -> None:
    try:
        assert dns.message.from_wire(reply_to(question)).answer == []
    except dns.exception.DNSException:
        return

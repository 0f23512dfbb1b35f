"""What is said of our own domains: silence of the DNS is never taken for a fault, nor for its absence."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.zones import Answering, Zone

from wardmail.assurance.own_domain import look_at
from wardmail.model.own_domain import DomainFinding, DomainReport, Verdict


def looked_at(names: dict[str, list[Any]]) -> DomainReport:
    report = asyncio.run(look_at("a.example", (), 0.0, Answering(Zone(names))))
    assert report is not None
    return report


def found(check: str, **records: Any) -> DomainFinding:
    names = {name.replace("_", "."): [each] for name, each in records.items()}
    report = looked_at(names)
    return next(each for each in report.findings if each.check == check)


@pytest.mark.parametrize("check", ["SPF", "DMARC", "MTA-STS", "TLS reports", "MX and DNSSEC"])
def test_where_the_dns_is_silent_nothing_is_known(check: str) -> None:
    names = ("a.example", "_dmarc.a.example", "_mta-sts.a.example", "_smtp._tls.a.example")
    report = looked_at({name: ["TIMEOUT"] for name in names})
    (finding,) = [each for each in report.findings if each.check == check]
    assert finding.verdict is Verdict.UNKNOWN


def test_an_include_that_nobody_answers_for_is_not_to_be_removed() -> None:
    finding = found("SPF", a_example={"TXT": "v=spf1 include:b.example -all"}, b_example="TIMEOUT")
    assert finding.verdict is Verdict.UNKNOWN
    assert "include:b.example" in finding.found
    assert "Remove" not in finding.to_do


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("v=spf1 include:b.example include:gone.example -all", "gone.example"),
        ("v=spf1 include:b.example +all", "everybody"),
    ],
)
def test_what_is_wrong_besides_a_silent_include_is_still_said(record: str, words: str) -> None:
    finding = found("SPF", a_example={"TXT": record}, b_example="TIMEOUT")
    assert finding.verdict is Verdict.FIX
    assert words in finding.found


def test_a_domain_that_takes_no_mail_says_so() -> None:
    finding = found("MX and DNSSEC", a_example={"MX": [0, "."]})
    assert (finding.verdict, finding.found) == (Verdict.NOT_USED, "It receives no mail.")

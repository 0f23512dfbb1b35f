"""MTA-STS records, policies, and when an older policy stands."""

from __future__ import annotations

import pytest

from wardmail.model.question import DnsQuestion, Found, HttpsQuestion, NotFound, Unknown
from wardmail.posture.mta_sts import CachedPolicy, StsMode, StsPolicy, find_sts_policy, parse_policy

TEXT = "version: STSv1\r\nmode: enforce\r\nmx: mail.example\r\nmx: *.d.example\r\nmax_age: 1000\r\n"
POLICY = StsPolicy(StsMode.ENFORCE, 1000, ("mail.example", "*.d.example"))
ABSENT = NotFound()
OLD = CachedPolicy("old", StsPolicy(StsMode.ENFORCE, 500, ("old.example",)), expires=2000)


def find(txt, page=ABSENT, cached=None, now=1000.0):
    """The finding, and whether the policy was fetched."""
    inquiry = find_sts_policy("d.example", cached, now)
    assert next(inquiry) == DnsQuestion("_mta-sts.d.example", "TXT")
    try:
        question = inquiry.send(txt)
        assert question == HttpsQuestion("https://mta-sts.d.example/.well-known/mta-sts.txt")
        inquiry.send(page)
    except StopIteration as end:
        return end.value, "question" in locals()
    raise AssertionError("one question too many")


def record(*texts):
    return Found(texts)


def test_a_policy_is_fetched_and_kept_for_its_age():
    finding, was_fetched = find(record("v=STSv1; id=20260101T;"), Found((TEXT,)))
    assert was_fetched
    assert finding.current == CachedPolicy("20260101T", POLICY, expires=2000.0)
    assert finding.problem == ""


def test_the_same_id_is_not_fetched_again():
    finding, was_fetched = find(record("v=STSv1; id=old"), cached=OLD)
    assert finding.current is OLD
    assert not was_fetched


def test_another_id_or_the_end_of_its_age_fetches_again():
    assert find(record("v=STSv1; id=new"), Found((TEXT,)), OLD)[0].current.id == "new"
    assert find(record("v=STSv1; id=old"), Found((TEXT,)), OLD, now=2000.0)[0].current.policy == POLICY


@pytest.mark.parametrize("page", [NotFound(), Unknown("time-out"), Found(("nonsense",)), Found(())])
def test_a_kept_policy_outlives_a_failed_fetch(page):
    finding, _ = find(record("v=STSv1; id=new"), page, OLD)
    assert finding.current is OLD
    assert finding.problem
    assert find(record("v=STSv1; id=new"), page, OLD, now=3000.0)[0].current is None


@pytest.mark.parametrize(
    "txt",
    [
        NotFound(),
        Unknown("SERVFAIL"),
        record("v=spf1 -all"),
        record("v=STSv1; id=a", "v=STSv1; id=b"),
        record("v=STSv1"),
        record("v=STSv1; id="),
        record("v=STSv1; id=has-hyphen"),
        record("v=STSv1; id=" + "x" * 33),
        record("v=STSv2; id=a"),
        record(" v=STSv1; id=a"),
    ],
)
def test_without_exactly_one_good_record_only_a_kept_policy_counts(txt):
    assert find(txt) == (find(txt)[0], False)
    assert find(txt)[0].current is None
    assert find(txt, cached=OLD)[0].current is OLD


def test_other_records_and_fields_are_passed_over():
    finding, _ = find(record("hello", "v=STSv1 ; x=y; id = 7 ;"), Found((TEXT,)))
    assert finding.current.id == "7"


def test_a_policy_with_bare_newlines_and_unknown_fields():
    text = "version: STSv1\nmode:testing\nfuture: x\nmax_age: 86400\nmx: A.Example \nmode: enforce\n"
    assert parse_policy(text) == StsPolicy(StsMode.TESTING, 86400, ("a.example",))


def test_mode_none_needs_no_host_and_age_is_capped():
    assert parse_policy("version: STSv1\nmode: none\nmax_age: 9999999999") == StsPolicy(StsMode.NONE, 31_557_600, ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.replace("STSv1", "STSv2"),
        TEXT.replace("enforce", "force"),
        TEXT.replace("1000", "-1"),
        TEXT.replace("1000", "1e3"),
        TEXT.replace("1000", "99999999999"),
        TEXT.replace("1000", "٣"),
        TEXT.replace("mx:", "my:"),
        TEXT.replace("mail.example", "mail..example"),
        TEXT.replace("mail.example", "*"),
        TEXT.replace("mail.example", "*.*.example"),
        TEXT.replace("mail.example", "m*.example"),
        TEXT + "mx: a.example\n" * 200,
        TEXT + "\n" * 600,
    ],
)
def test_malformed_policies(text):
    assert parse_policy(text) is None


@pytest.mark.parametrize(
    ("host", "is_allowed"),
    [
        ("mail.example", True),
        ("MAIL.Example.", True),
        ("a.d.example", True),
        ("a.b.d.example", False),
        ("d.example", False),
        (".d.example", False),
        ("xmail.example", False),
        ("*.d.example", False),
        ("example", False),
    ],
)
def test_a_wildcard_is_exactly_one_label(host, is_allowed):
    assert POLICY.allows(host) is is_allowed

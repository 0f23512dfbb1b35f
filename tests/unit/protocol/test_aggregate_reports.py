"""DMARC and TLS reports as anybody may write them: what counts is read, and nothing in them does harm."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import dmarc_xml, tls_json

from wardmail.model.aggregate_report import DmarcRow, TlsFailure, TlsPolicy
from wardmail.protocol import dmarc_report
from wardmail.protocol.aggregate_words import MOST_ROWS, BadReport
from wardmail.protocol.dmarc_report import read_dmarc_report
from wardmail.protocol.tls_report import read_tls_report

ROW = ("192.0.2.1", 8, "none", "pass", "fail")


def test_a_dmarc_report_is_read() -> None:
    report = read_dmarc_report(dmarc_xml(began=1_800_000_000))
    assert (report.domain, report.reporter, report.contact) == ("trust.example", "big.example", "dmarc@big.example")
    assert (report.report_id, report.began, report.ended, report.policy) == (
        "r-1",
        1_800_000_000,
        1_800_086_399,
        "reject",
    )
    assert report.rows == (
        DmarcRow("192.0.2.1", 8, "none", True, True, "trust.example"),
        DmarcRow("198.51.100.9", 3, "reject", False, False, "trust.example"),
    )


@pytest.mark.parametrize("namespace", [' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"', ' version="1.0"'])
def test_the_namespace_of_rfc_9990_is_no_hindrance(namespace: str) -> None:
    assert read_dmarc_report(dmarc_xml(namespace=namespace)).domain == "trust.example"
    prefixed = dmarc_xml().replace(b"<", b"<d:").replace(b"<d:/", b"</d:").replace(b"<d:?", b"<?")
    assert read_dmarc_report(prefixed.replace(b"<d:feedback", b'<d:feedback xmlns:d="x"', 1)).rows


def test_rows_that_say_the_same_are_added_up_and_many_are_cut_with_right_totals() -> None:
    assert [each.count for each in read_dmarc_report(dmarc_xml(rows=[ROW, ROW])).rows] == [16]
    many = [(f"10.0.{n // 250}.{n % 250}", 2, "none", "pass", "fail") for n in range(MOST_ROWS + 500)]
    rows = read_dmarc_report(dmarc_xml(rows=many)).rows
    assert (len(rows), rows[-1].source, rows[-1].count) == (MOST_ROWS + 1, "", 1000)
    assert sum(each.count for each in rows) == 2 * len(many)


LAUGHS = '<!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
FETCHES = '<!DOCTYPE f SYSTEM "http://192.0.2.1/evil.dtd">'
READS = '<!DOCTYPE f [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def test_rows_without_end_are_added_up_before_they_are_ranked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dmarc_report, "_MOST_COUNTED", 5)
    many = [(f"10.0.0.{n}", 1, "none", "pass", "fail") for n in range(9)]
    rows = read_dmarc_report(dmarc_xml(rows=[*many, *many, ("10.0.0.9", 7, "reject", "fail", "fail")])).rows
    assert [(each.source, each.count, each.passes) for each in rows[:5]] == [(f"10.0.0.{n}", 2, True) for n in range(5)]
    assert [(each.source, each.count, each.passes) for each in rows[5:]] == [("", 8, True), ("", 7, False)]


@pytest.mark.parametrize("before", [LAUGHS, FETCHES, READS, "<!DOCTYPE feedback>"])
def test_document_types_are_refused(before: str) -> None:
    with pytest.raises(BadReport, match="document type"):
        read_dmarc_report(dmarc_xml(before=before, reporter="&a;"))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<feedback>",
        b"<html></html>",
        b"<feedback></feedback>",
        b'<?xml version="1.0" encoding="utf-99"?><feedback></feedback>',
        b"<feedback>" + b"<a>" * 13 + b"</a>" * 13 + b"</feedback>",
        dmarc_xml(rows=[("not an address", 1, "none", "pass", "pass")]),
        dmarc_xml(domain="no domain"),
        dmarc_xml(reporter=""),
        dmarc_xml(report_id=" "),
        dmarc_xml().replace(b"<count>8", b"<count>-8"),
        dmarc_xml().replace(b"<count>8", b"<count>" + b"9" * 5000),
        dmarc_xml().replace(b"<begin>0", b"<begin>soon"),
        dmarc_xml().replace(b"<count>8", "<count>٨".encode()),
    ],
)
def test_what_is_no_dmarc_report_says_so_without_its_words(octets: bytes) -> None:
    with pytest.raises(BadReport) as refused:
        read_dmarc_report(octets)
    assert "big.example" not in str(refused.value)


def test_texts_lose_what_cannot_be_seen() -> None:
    report = read_dmarc_report(dmarc_xml(reporter="a\u202eb\u200b " + "x" * 900, email="&lt;script&gt;"))
    assert report.reporter.startswith("ab x")
    assert len(report.reporter) == 200
    assert report.contact == "<script>"


def test_a_zone_of_an_address_is_left_out() -> None:
    report = read_dmarc_report(dmarc_xml(rows=[("fe80::1%Call us\u202e&#10; now", 1, "none", "pass", "pass")]))
    assert [each.source for each in report.rows] == ["fe80::1"]


def test_one_tls_report_may_speak_of_several_domains() -> None:
    one, two = read_tls_report(tls_json("a.example", "b.example", "a.example"))
    policy = TlsPolicy("sts", 40, 2, (TlsFailure("certificate-expired", "mx.a.example", 2),))
    assert (one.domain, two.domain, one.policies) == ("a.example", "b.example", (policy, policy))
    assert (one.reporter, one.contact, one.report_id) == ("Big Mail", "tls@big.example", "t-1")
    assert one.ended - one.began == 86_399


@pytest.mark.parametrize(
    "octets",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"policies": []}',
        b'{"policies": [1]}',
        b'{"policies": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"policies": [{"policy": {"policy-domain": 7}}]}',
        b"\xff\xfe{}",
        tls_json("no domain"),
        tls_json(*(f"d{n}.example" for n in range(101))),
        tls_json(changed={"report-id": None}),
        tls_json(changed={"date-range": "yesterday"}),
        tls_json(day="2027-99-99"),
        tls_json().replace(b"00:00:00Z", b"00:00:00"),
        tls_json().replace(b": 40", b": -40"),
        tls_json().replace(b": 40", b": " + b"9" * 5000),
    ],
)
def test_what_is_no_tls_report_says_so(octets: bytes) -> None:
    with pytest.raises(BadReport):
        read_tls_report(octets)


def test_long_names_and_many_of_them_cost_no_memory() -> None:
    outer = [f"{'a' * 100_000}{n}" for n in range(9)]
    inner = "".join(f"<b{n}/>" for n in range(20_000))
    bomb = "".join(f"<{each}>" for each in outer) + inner + "".join(f"</{each}>" for each in reversed(outer))
    tracemalloc.start()
    try:
        report = read_dmarc_report(dmarc_xml().replace(b"<feedback>", b"<feedback>" + bomb.encode(), 1))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.rows
    assert most < 20_000_000


def test_a_text_of_megabytes_is_cut_and_elements_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = dmarc_xml(email="x" * 8_000_000)
    tracemalloc.start()
    try:
        report = read_dmarc_report(octets)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(report.contact), most < len(octets)) == (200, True)
    monkeypatch.setattr(dmarc_report, "_MOST_ELEMENTS", 20)
    with pytest.raises(BadReport, match="too large"):
        read_dmarc_report(octets)


def test_details_of_many_policies_are_no_more_than_those_of_one() -> None:
    details = [{"result-type": f"r{n}", "failed-session-count": 1} for n in range(300)]
    told = json.loads(tls_json(*(f"d{n}.example" for n in range(50))))
    for each in told["policies"]:
        each["failure-details"] = details
    found = read_tls_report(json.dumps(told).encode())
    assert sum(len(policy.details) for each in found for policy in each.policies) == 1000


KEYS = (
    "policies",
    "policy",
    "policy-domain",
    "summary",
    "failure-details",
    "date-range",
    "report-id",
    "start-datetime",
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
)


@given(_JSON, st.sampled_from(["policies", "date-range", "report-id", "organization-name", "contact-info"]))
def test_whatever_json_says_it_is_a_report_or_none(value: object, place: str) -> None:
    told = json.loads(tls_json()) | {place: value}
    try:
        found = read_tls_report(json.dumps(told).encode())
    except BadReport:
        return
    assert all(each.domain and each.report_id for each in found)


@given(st.binary(max_size=40), st.integers(0, 700))
def test_whatever_is_in_its_midst_xml_is_a_report_or_none(junk: bytes, place: int) -> None:
    octets = dmarc_xml()
    try:
        found = read_dmarc_report(octets[:place] + junk + octets[place:])
    except BadReport:
        return
    assert found.domain

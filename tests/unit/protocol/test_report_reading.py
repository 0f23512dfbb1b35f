"""Bounces and complaints as servers really send them, and as nobody should."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardmail.model.address import Address
from wardmail.model.returned import IncomingReport, ReportKind
from wardmail.protocol import dsn
from wardmail.protocol.report_reading import LARGEST, NotAReport, read_report

OURS = "06DP0E9YQ4M7X2KZ3T"
HEADER = (
    f"Received: from app ([192.0.2.1])\r\n\tby gw.test with ESMTPSA id {OURS};\r\n\tWed, 25 Nov 2026 10:00:00 +0000\r\n"
    f"Message-ID: <{OURS}@gw.test>\r\nSubject: appointment\r\n"
)


def multipart(kind: str, *parts: str) -> bytes:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return (
        f"Subject: x\r\nContent-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n{body}--b--\r\n".encode()
    )


STATUS = (
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\nOriginal-Envelope-Id: %s\r\n\r\n"
    "Original-Recipient: rfc822; Gone@example.com\r\nFinal-Recipient: rfc822;elsewhere@example.com\r\n"
    "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
    "Final-Recipient: rfc822; slow@example.com\r\nAction: delayed\r\nStatus: 4.4.1\r\n"
)
WORDS = "Content-Type: text/plain\r\n\r\nIt failed.\r\n"


def read(raw: bytes) -> IncomingReport:
    found = read_report(raw)
    assert isinstance(found, IncomingReport)
    return found


def test_a_bounce_as_the_standard_wants_it() -> None:
    report = read(
        multipart("delivery-status", WORDS, STATUS % "E-1", f"Content-Type: text/rfc822-headers\r\n\r\n{HEADER}")
    )
    assert (report.kind, report.envid, report.ids) == (ReportKind.BOUNCE, "E-1", {OURS})
    (one,) = report.recipients
    assert (one.original, one.final, one.status) == ("Gone@example.com", "elsewhere@example.com", "5.1.1")
    assert "no such user" in one.words


def test_the_message_given_back_whole() -> None:
    report = read(
        multipart("delivery-status", WORDS, STATUS % "", f"Content-Type: message/rfc822\r\n\r\n{HEADER}\r\nHello")
    )
    assert report.ids == {OURS}


def test_our_own_reports_can_be_read() -> None:
    fates = (dsn.Fate(Address("gone", "example.com"), dsn.Action.FAILED, "5.1.1", "550 5.1.1 no", is_peer_reply=True),)
    made = dsn.Report("gw.test", Address("app", "trust.example"), 1.0, fates, HEADER.encode(), envid=OURS)
    head, body = dsn.build(made, report_id="R1", at=2.0)
    report = read(head + b"\r\n" + body)
    assert report.envid == OURS
    assert [each.final for each in report.recipients] == ["gone@example.com"]


def test_a_status_in_base64_and_one_that_says_5_0_0() -> None:
    import base64

    block = (
        "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.0.0\n"
        "Diagnostic-Code: smtp; 550 5.1.1 gone\n"
    )
    coded = base64.b64encode(block.encode()).decode()
    kind = "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    (one,) = read(multipart("delivery-status", kind + coded)).recipients
    assert (one.final, one.status) == ("a@x.example", "5.1.1")


QMAIL = (
    "Subject: failure notice\r\n\r\nHi. This is the qmail-send program at mx.example.\r\nI'm afraid I wasn't able to\r\n\r\n"
    "<gone@example.com>:\r\n192.0.2.9 does not like recipient.\r\nRemote host said: 550 5.1.1 no mailbox\r\n\r\n"
    f"--- Below this line is a copy of the message.\r\n\r\nReturn-Path: <a@b.example>\r\n{HEADER}\r\nHello\r\n"
)
EXIM = (
    "Subject: Mail delivery failed\r\nX-Failed-Recipients: gone@example.com,\r\n  two@example.com\r\n\r\n"
    "This message was created automatically.\r\n\r\n  gone@example.com\r\n    550 5.1.1 unknown\r\n\r\n"
    f"------ This is a copy of your message, including all the headers. ------\r\n\r\n{HEADER}\r\nHello\r\n"
)


@pytest.mark.parametrize(
    ("raw", "people"), [(QMAIL, ["gone@example.com"]), (EXIM, ["gone@example.com", "two@example.com"])]
)
def test_bounces_in_words(raw: str, people: list[str]) -> None:
    report = read(raw.encode())
    assert [each.original for each in report.recipients] == people
    assert {each.status for each in report.recipients} == {"5.1.1"}
    assert report.ids == {OURS}


FEEDBACK = "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: %s\r\nUser-Agent: x/1\r\nVersion: 1\r\n%s"


@pytest.mark.parametrize(("line", "who"), [("Original-Rcpt-To: <a@example.com>\r\n", "a@example.com"), ("", "")])
def test_a_complaint(line: str, who: str) -> None:
    original = f"Content-Type: message/rfc822\r\n\r\n{HEADER}\r\n"
    report = read(multipart("feedback-report", WORDS, FEEDBACK % ("abuse", line), original))
    assert report.kind is ReportKind.COMPLAINT
    assert [each.original for each in report.recipients] == [who]
    assert report.ids == {OURS}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 100,
        b"Subject: out of office\r\n\r\nI am away. 5.1.1\r\n",
        multipart("feedback-report", FEEDBACK % ("not-spam", "")),
        multipart("delivery-status", WORDS, (STATUS % "").replace("failed", "delivered")),
        multipart("delivery-status", *[WORDS] * 200).replace(b"boundary=b", b"boundary=b" * 60),
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n",
    ],
)
def test_what_is_no_report(raw: bytes) -> None:
    assert isinstance(read_report(raw), NotAReport)


def test_ids_are_never_taken_from_free_text() -> None:
    report = read(multipart("delivery-status", f"Content-Type: text/plain\r\n\r\nid {OURS}\r\n", STATUS % ""))
    assert report.ids == frozenset()


@pytest.mark.parametrize(
    "raw",
    [
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 400_000),
        b"Content-Type: message/rfc822\r\n\r\n" * 30_000,
        b"X-Failed-Recipients: " + b"a@b.example," * 90_000 + b"\r\n\r\n5.1.1\r\n",
        b"A: b\r\n" * 200_000,
        b"\r\n\r\n" + b"<" * LARGEST,
        b"\r\n\r\n" + b"<a@b.example>: 5.1.1 x\r\n\r\n" * 60_000,
        multipart("delivery-status", STATUS.replace("\r\n\r\n", "\r\n\r\n" + "\r\n\r\nA: b" * 100_000)),
    ],
    ids=["delimiters", "nesting", "recipients", "fields", "brackets", "paragraphs", "blocks"],
)
def test_hostile_reports_cost_little(raw: bytes) -> None:
    began = time.process_time()
    read_report(raw)
    assert time.process_time() - began < 20  # generous: what is caught here takes minutes


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600), st.integers(0, 700), st.integers(0, 40))
def test_nothing_makes_it_raise(noise: bytes, at: int, cut: int) -> None:
    base = multipart("delivery-status", WORDS, STATUS % OURS, f"Content-Type: message/rfc822\r\n\r\n{HEADER}\r\nx")
    read_report(base[:at] + noise + base[at + cut :])
    read_report(noise)

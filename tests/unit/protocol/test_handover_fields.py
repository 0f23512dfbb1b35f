"""Nobody else speaks in our name: whatever a message's header looks like, only our own verdict stands in what is handed over."""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inbound_desk import evidence

from wardmail.model.arrival import Arrival, Judgement
from wardmail.model.inspection import Finding, Inspection, ScanOutcome, ScanReport, Severity
from wardmail.model.verdict import Action, Verdict
from wardmail.protocol.handover_fields import as_handed_over, plain
from wardmail.protocol.raw_header import count_fields, cut_fields, with_strict_lines

ARRIVAL = Arrival("01M", "letters", "app", "smtp", 1_800_000_000.0, 100, "192.0.2.7", "mail.x", sender="a@x.example")
COLLECTED = Arrival("01M", "results", "app", "imap", 1_800_000_000.0, 100)


def judgement(action: Action = Action.ACCEPT, reason: str = "", finding: str = "") -> Judgement:
    found = (Finding(finding, Severity.NOTE, 1, reason),) if finding else ()
    return Judgement(evidence(), Inspection((), (), found), (), Verdict(action, (reason,)), 0.0)


def handed(message: bytes, arrival: Arrival = ARRIVAL, judged: Judgement | None = None) -> bytes:
    return as_handed_over(message, arrival, judged or judgement(), hostname="gateway.example")


FORGERIES = [
    b"Wardmail-Verdict: forged\r\n",
    b"WARDMAIL-VERDICT:forged\r\n",
    b"Wardmail-Verdict : forged\r\n",
    b"Wardmail-Verdict\t: forged\r\n",
    b"Wardmail-Verdict:\r\n forged\r\n",
    b"X: y\nWardmail-Verdict: forged\r\n",
    b"X: y\rWardmail-Verdict: forged\r\n",
    b" forged: continuation of nothing\r\n",
    b"\tforged\r\n",
    b"no field at all\r\nWardmail-Verdict: forged\r\n",
    b"From x@y Wed\r\nWardmail-Verdict: forged\r\n",
    b"Wardmail-Signature-Acceptable: forged\r\n",
    b"Authentication-Results: gateway.example; spf=forged\r\n",
    b"authentication-results: (x) GATEWAY.example ; spf=forged\r\n",
    b"Authentication-Results:\r\n gateway.example; spf=forged\r\n",
    b'Authentication-Results: "gateway.example"; spf=forged\r\n',
    b"Return-Path: <forged@x.example>\r\n",
]


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("before", [b"", b"Subject: x\r\n", b"Subject: x\r\n folded\r\n"])
def test_forgeries_are_taken_out(forgery: bytes, before: bytes) -> None:
    message = handed(before + forgery + b"From: a@b.example\r\n\r\nbody\r\n")
    if before and forgery[:1] in b" \t":
        return  # it continues a field of the sender's own
    assert b"forged" not in message
    assert message.endswith(b"\r\n\r\nbody\r\n")


def test_others_results_and_other_fields_stay() -> None:
    theirs = b"Authentication-Results: mx.other.example; spf=pass\r\nX-Wardmail: mine\r\nFrom: a@b.example\r\n\r\nbody"
    assert handed(theirs).endswith(theirs)


def test_a_body_is_never_touched() -> None:
    message = b"From: a@b.example\r\n\r\nWardmail-Verdict: a quotation\r\n"
    assert handed(message).endswith(message)


def test_a_message_without_header_or_with_an_endless_one_cannot_speak_for_us() -> None:
    assert handed(b"\r\nWardmail-Verdict: body\r\n").count(b"Wardmail-Verdict: accept") == 1
    endless = b"X: y\r\n" * 200_000 + b"Wardmail-Verdict: forged\r\n\r\n"
    read = email.message_from_bytes(handed(endless), policy=email.policy.compat32)
    assert read.get_all("Wardmail-Verdict") == ["accept"]


@given(st.binary(max_size=400))
def test_whatever_comes_only_ours_is_read(noise: bytes) -> None:
    read = email.message_from_bytes(
        handed(noise + b"\r\nWardmail-Verdict: forged\r\n\r\nx"), policy=email.policy.compat32
    )
    assert read.get_all("Wardmail-Verdict") == ["accept"]


@given(st.text(max_size=2000))
def test_a_reason_cannot_break_out_of_its_field(text: str) -> None:
    message = handed(b"From: a@b.example\r\n\r\n", judged=judgement(Action.WARN, text, "some-id"))
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    assert message.isascii()
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert len(plain(text)) <= 900


def test_collected_mail_keeps_the_trace_that_it_has() -> None:
    message = handed(b"Return-Path: <a@b.example>\r\nReceived: by x\r\n\r\n", COLLECTED)
    assert message.count(b"Return-Path:") == 1
    assert message.count(b"Received:") == 1


def test_scans_are_told() -> None:
    judged = Judgement(
        evidence(), Inspection((), (), ()), (ScanReport("clamd", ScanOutcome.CLEAN),), Verdict(Action.ACCEPT, ()), 0.0
    )
    assert b"Wardmail-Scans: clamd=clean\r\n" in handed(b"\r\n", judged=judged)


def test_lines_and_counts() -> None:
    assert with_strict_lines(b"a\nb\rc\r\nd") == b"a\r\nb\r\nc\r\nd"
    assert with_strict_lines(b"a\r\nb") == b"a\r\nb"
    assert count_fields(b"Received: a\r\nreceived : b\r\n received: c\r\nX: y\r\n", b"received") == 2
    assert cut_fields(b"", lambda name, raw: True) == b""
    assert cut_fields(b"a: b", lambda name, raw: name == b"a") == b""

"""Delivery status notifications: read back by the standard library, and closed to injection (RFC 3464, RFC 6533)."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.model.address import Address
from wardmail.protocol.dsn import Action, Fate, Report, build, decode_xtext
from wardmail.protocol.headers import HeaderBlock

NOW = 1_763_805_600.0
TO = Address("app", "sender.example")
HEAD = (
    b"Received: from 10.0.0.1 by gw.example; Sat, 22 Nov 2025 10:00:00 +0000\r\n"
    b"DKIM-Signature: v=1; b=x\r\n"
    b"From: app@sender.example\r\nTo: a@b.example\r\nBcc: hidden@b.example\r\n"
    b"Wardmail-Classification: official-sensitive\r\nSubject: Letter\r\n"
)
FAILED = Fate(
    Address("a", "b.example"),
    Action.FAILED,
    "5.1.1",
    "550 5.1.1 No such user",
    is_peer_reply=True,
    remote_host="mx.b.example",
    orcpt="rfc822;a+2Bx@b.example",
    last_attempt_at=NOW,
)
REPORT = Report("gw.example", TO, NOW - 60, (FAILED,), HEAD, envid="env+2B1")


def parsed(report: Report) -> EmailMessage:
    head, body = build(report, report_id="01ABC", at=NOW)
    assert isinstance(HeaderBlock.split(head), HeaderBlock)
    assert (head + body).count(b"\n") == (head + body).count(b"\r\n")
    message = message_from_bytes(head + b"\r\n" + body, policy=SMTPUTF8)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def statuses(report: Report) -> list[EmailMessage]:
    status = list(parsed(report).iter_parts())[1].get_payload()
    assert isinstance(status, list)
    return status  # type: ignore[return-value]


def test_the_envelope_of_the_report() -> None:
    message = parsed(REPORT)
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert message["From"] == "Mail Delivery System <MAILER-DAEMON@gw.example>"
    assert message["To"] == "app@sender.example"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Message-ID"] == "<01ABC@gw.example>"
    assert parsedate_to_datetime(message["Date"]).timestamp() == NOW
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "message/delivery-status", "text/rfc822-headers"]


def test_the_fields_for_programs() -> None:
    per_message, per_recipient = statuses(REPORT)
    assert per_message["Reporting-MTA"] == "dns; gw.example"
    assert per_message["Original-Envelope-Id"] == "env+1"
    assert parsedate_to_datetime(per_message["Arrival-Date"]).timestamp() == NOW - 60
    assert per_recipient["Original-Recipient"] == "rfc822; a+x@b.example"
    assert per_recipient["Final-Recipient"] == "rfc822; a@b.example"
    assert per_recipient["Action"] == "failed"
    assert per_recipient["Status"] == "5.1.1"
    assert per_recipient["Remote-MTA"] == "dns; mx.b.example"
    assert per_recipient["Diagnostic-Code"] == "smtp; 550 5.1.1 No such user"
    assert parsedate_to_datetime(per_recipient["Last-Attempt-Date"]).timestamp() == NOW


def test_the_words_for_people() -> None:
    text = next(iter(parsed(REPORT).iter_parts())).get_content()
    assert "did not reach" in text
    assert "a@b.example" in text
    assert "mx.b.example said: 550 5.1.1 No such user" in text
    assert "another way" in text


def test_a_delay_says_until_when() -> None:
    fate = Fate(Address("a", "b.example"), Action.DELAYED, "4.4.1", "No answer.", retry_until=NOW + 86_400)
    report = replace(REPORT, fates=(fate,))
    message = parsed(report)
    assert message["Subject"] == "Your message is delayed"
    _, per_recipient = statuses(report)
    assert per_recipient["Action"] == "delayed"
    assert parsedate_to_datetime(per_recipient["Will-Retry-Until"]).timestamp() == NOW + 86_400
    assert per_recipient["Diagnostic-Code"] is None
    text = next(iter(message.iter_parts())).get_content()
    assert "Why: No answer." in text
    assert "need not send it again" in text


@pytest.mark.parametrize("action", list(Action))
def test_each_action_and_several_recipients(action: Action) -> None:
    fates = tuple(Fate(Address(f"r{number}", "b.example"), action, "bad status") for number in range(3))
    per_message, *per_recipients = statuses(replace(REPORT, fates=fates, envid=None))
    assert per_message["Original-Envelope-Id"] is None
    assert [each["Final-Recipient"] for each in per_recipients] == [f"rfc822; r{n}@b.example" for n in range(3)]
    assert {each["Action"] for each in per_recipients} == {action.value}
    assert per_recipients[0]["Status"][0] == {"failed": "5", "delayed": "4"}.get(action.value, "2")


def test_what_is_returned_hides_bcc_trace_and_our_own_fields() -> None:
    returned = list(parsed(REPORT).iter_parts())[2].get_content()
    assert returned.split() == b"From: app@sender.example To: a@b.example Subject: Letter".decode().split()


def test_the_whole_message_when_it_may_be_returned() -> None:
    message = parsed(replace(REPORT, body=(b"Hello\r\n", b"world")))
    part = list(message.iter_parts())[2]
    assert part.get_content_type() == "message/rfc822"
    inner = part.get_content()
    assert inner["Subject"] == "Letter"
    assert inner["Bcc"] is None
    assert inner.get_content().split() == ["Hello", "world"]


def test_an_international_recipient() -> None:
    fate = replace(FAILED, address=Address("δοκιμή", "b.example"), orcpt=None)
    head, body = build(replace(REPORT, fates=(fate,)), report_id="01ABC", at=NOW)
    assert b"Content-Type: message/global-delivery-status" in body
    assert "Final-Recipient: utf-8; δοκιμή@b.example\r\n".encode() in body
    assert b"Content-Transfer-Encoding: 8bit\r\n" in head


def test_an_eight_bit_header_is_returned_as_global_headers() -> None:
    _, body = build(replace(REPORT, head="Subject: é\r\n".encode()), report_id="01ABC", at=NOW)
    assert b"Content-Type: message/global-headers" in body


@given(st.text(max_size=200), st.text(max_size=100), st.text(max_size=100), st.text(max_size=100))
def test_nothing_a_peer_or_a_client_says_becomes_a_field(said: str, host: str, envid: str, orcpt: str) -> None:
    poison = "\r\nX-Injected: yes\r\n\r\n--=_01ABC\r\n"
    fate = replace(FAILED, diagnostic=said + poison, remote_host=host + poison, orcpt=orcpt + "+0D+0A" + poison)
    head, body = build(replace(REPORT, fates=(fate,), envid=envid + "+0D+0AX: y" + poison), report_id="01ABC", at=NOW)
    assert b"X-Injected" not in head
    assert b"\r\nX-Injected" not in body
    assert body.count(b"\r\n--=_01ABC") == 3
    assert all(len(line) <= 998 for line in body.split(b"\r\n"))


def test_xtext() -> None:
    assert decode_xtext("a+3Db+2B") == "a=b+"
    assert decode_xtext("a+0D+0Ab+zz") == "a??b+zz"
    assert len(decode_xtext("x" * 10_000)) == 512


def test_it_is_seven_bit_when_it_can_be() -> None:
    head, body = build(REPORT, report_id="01ABC", at=NOW)
    assert (head + body).isascii()
    assert message_from_bytes(head + b"\r\n" + body, policy=SMTP).is_multipart()

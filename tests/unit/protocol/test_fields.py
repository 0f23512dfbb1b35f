"""Fields that we write ourselves: well formed whatever goes in."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.model.message import TlsSession
from wardmail.protocol.fields import (
    date_field,
    field,
    message_id_field,
    received_field,
    resent_fields,
    rfc5322_date,
)
from wardmail.protocol.headers import HeaderBlock


def test_a_short_field_and_a_folded_one() -> None:
    assert field("X-Test", "value") == b"X-Test: value\r\n"
    folded = field("X-Test", "word " * 40 + "end")
    assert all(len(line) <= 78 for line in folded.split(b"\r\n"))
    assert folded.replace(b"\r\n", b"") == b"X-Test: " + b"word " * 40 + b"end"


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\0b", "a\x7f", "a\x0bb"])
def test_no_control_character_gets_into_a_value(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        field("Subject", value)


@pytest.mark.parametrize("name", ["", "Sub ject", "Subject:", "Sübject", "Subject\r\n"])
def test_a_name_must_be_one(name: str) -> None:
    with pytest.raises(ValueError, match="not a header field name"):
        field(name, "x")


def test_a_word_longer_than_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than a line"):
        field("X", "y" * 1000)


@given(st.text(max_size=400))
def test_a_field_is_one_field_or_refused(value: str) -> None:
    try:
        raw = field("X-Any", value)
    except ValueError:
        return
    split = HeaderBlock.split(raw)
    assert isinstance(split, HeaderBlock)
    assert split.get(b"x-any") == value.encode().strip(b" \t")


@given(st.integers(0, 4_102_444_800))
def test_dates_read_back(at: int) -> None:
    assert parsedate_to_datetime(rfc5322_date(at)).timestamp() == at
    assert date_field(at).endswith(b" +0000\r\n")


def test_message_id() -> None:
    assert message_id_field("01abc", "mail.example") == b"Message-ID: <01abc@mail.example>\r\n"
    with pytest.raises(ValueError, match="identifier"):
        message_id_field("a>\r\nX: y", "mail.example")


def test_received_says_what_happened() -> None:
    tls = TlsSession("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    raw = received_field(helo="app.example", peer="2001:db8::1", host="gw.example", message_id="01x", at=0, tls=tls)
    assert raw == (
        b"Received: from app.example ([IPv6:2001:db8::1])\r\n"
        b"\tby gw.example with ESMTPSA id 01x\r\n\t(TLSv1.3 TLS_AES_256_GCM_SHA384);\r\n"
        b"\tThu, 1 Jan 1970 00:00:00 +0000\r\n"
    )


@given(st.text(max_size=300))
def test_nothing_the_peer_says_can_leave_its_place(helo: str) -> None:
    raw = received_field(helo=helo, peer="192.0.2.1", host="gw.example", message_id="01x", at=0)
    split = HeaderBlock.split(raw)
    assert isinstance(split, HeaderBlock)
    assert len(split.fields) == 1


def test_what_nobody_handed_in_names_no_peer() -> None:
    raw = received_field(helo="", peer="", host="gw.example", message_id="01x", at=0)
    assert raw == b"Received: by gw.example id 01x;\r\n\tThu, 1 Jan 1970 00:00:00 +0000\r\n"


def test_what_is_resent_is_dated_and_named_anew() -> None:
    date, author, unique = resent_fields("app@trust.example", 0, "01x", "gw.example")
    assert date == b"Resent-Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"
    assert (author, unique) == (b"Resent-From: app@trust.example\r\n", b"Resent-Message-ID: <01x@gw.example>\r\n")
    with pytest.raises(ValueError, match="control character"):
        resent_fields("app@trust.example\r\nBcc: x@y.example", 0, "01x", "gw.example")

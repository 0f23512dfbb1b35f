"""Header surgery: what is changed is what was asked for, and nothing else."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.protocol.encoded_words import decode_text
from wardmail.protocol.headers import MOST_FIELDS, BadHeaders, HeaderBlock, add_subject_tag

HEAD = (
    b"Received: from a\r\n\tby b; Sat, 22 Nov 2025 10:00:00 +0000\r\n"
    b'FROM: "X" <a@b.example>\r\n'
    b"Subject:no blank\r\n"
    b"To: c@d.example,\r\n e@f.example\r\n"
    b"X-Raw: \xff\xfe\r\n"
)


def block(head: bytes = HEAD) -> HeaderBlock:
    split = HeaderBlock.split(head)
    assert isinstance(split, HeaderBlock)
    return split


def test_split_keeps_every_byte_and_finds_every_field() -> None:
    found = block()
    assert found.raw == HEAD
    assert [name for name, _ in found.fields] == [b"received", b"from", b"subject", b"to", b"x-raw"]
    assert found.get(b"to") == b"c@d.example, e@f.example"
    assert found.get(b"subject") == b"no blank"
    assert found.get(b"cc") is None


def test_an_empty_block_is_a_block() -> None:
    assert block(b"").fields == ()


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"From: a\r\nno colon here\r\n", "Line 2 of the header is not a header field"),
        (b" continues: nothing\r\n", "Line 1 of the header is blank or continues nothing"),
        (b"From: a\r\n\r\nTo: b\r\n", "Line 2 of the header is blank"),
        (b": no name\r\n", "not a header field"),
        (b"From : blank before the colon\r\n", "not a header field"),
        (b"Fr\xc3\xb6m: a\r\n", "not a header field"),
        (b"From: a\r\nTo: b", "does not end with a line break"),
        (b"From: a\nTo: b\r\n", "bare"),
        (b"From: a\rTo: b\r\n", "bare"),
        (b"From: a\n\r\n", "bare"),
        (b"From: a\0b\r\n", "NUL"),
        (b"X: y\r\n" * (MOST_FIELDS + 1), "more than 1000 fields"),
        (b"X: " + b"y" * 256 * 1024 + b"\r\n", "longer than 256 KiB"),
    ],
)
def test_what_is_no_header_block(head: bytes, words: str) -> None:
    answer = HeaderBlock.split(head)
    assert isinstance(answer, BadHeaders)
    assert words in answer.reason


@pytest.mark.parametrize(
    "piece", [b"a", b"a:", b":", b" ", b"a:\r\n ", b"\r\n", b"a\r\n", b"a:\r\n", b"\0", b"a:b\r\n\t"]
)
def test_hostile_blocks_cost_linear_time(piece: bytes) -> None:
    started = time.process_time()
    HeaderBlock.split((piece * (250_000 // len(piece))) + b"\0")
    assert time.process_time() - started < 0.5


@given(st.binary(max_size=200))
def test_a_block_is_refused_or_comes_back_whole(head: bytes) -> None:
    answer = HeaderBlock.split(head)
    assert isinstance(answer, BadHeaders) or answer.raw == head


@given(
    st.lists(st.sampled_from([b"A: x\r\n", b"B:\r\n y\r\n", b"c:\tz\r\n", b" q\r\n", b"\r\n", b"d\r\n"]), max_size=8)
)
def test_fields_and_folding_in_any_order(lines: list[bytes]) -> None:
    answer = HeaderBlock.split(b"".join(lines))
    bad = b"\r\n" in lines or b"d\r\n" in lines or (bool(lines) and lines[0] == b" q\r\n")
    assert isinstance(answer, BadHeaders) == bad


def test_without_prepend_append_and_replace_touch_only_what_they_name() -> None:
    assert block().without({b"x-raw", b"subject"}).raw == HEAD.replace(b"X-Raw: \xff\xfe\r\n", b"").replace(
        b"Subject:no blank\r\n", b""
    )
    assert block().prepend(b"A: 1\r\n", b"B: 2\r\n").raw == b"A: 1\r\nB: 2\r\n" + HEAD
    assert block().replace(b"subject", b"Subject: new\r\n").raw == HEAD.replace(b"Subject:no blank", b"Subject: new")
    assert block().replace(b"sender", b"Sender: new\r\n").raw == HEAD + b"Sender: new\r\n"
    doubled = block(b"A: 1\r\nB: 2\r\na: 3\r\n")
    assert doubled.replace(b"a", b"A: 4\r\n").raw == b"A: 4\r\nB: 2\r\n"


@pytest.mark.parametrize("raw", [b"A: 1", b"A: 1\r\n\r\n", b"A: 1\nB: 2\r\n", b"no field\r\n"])
def test_only_whole_fields_can_be_put_in(raw: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        block().prepend(raw)


def test_duplicates_are_of_fields_that_may_stand_once() -> None:
    found = block(b"From: a\r\nReceived: x\r\nfrom: b\r\nReceived: y\r\nSUBJECT: s\r\nSubject: t\r\nFrom: c\r\n")
    assert found.duplicates() == (b"from", b"subject")
    assert block().duplicates() == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: hello\r\n", b"Subject: [secure] hello\r\n"),
        (b"SUBJECT:hello\r\n", b"SUBJECT: [secure] hello\r\n"),
        (b"Subject:\r\n hello\r\n", b"Subject: [secure]\r\n hello\r\n"),
        (b"Subject:\r\n", b"Subject: [secure]\r\n"),
        (b"Subject: [SECURE] hello\r\n", b"Subject: [SECURE] hello\r\n"),
        (b"Subject: Re: [secure] hello\r\n", b"Subject: Re: [secure] hello\r\n"),
        (b"Subject: =?utf-8?q?[secure]?=\r\n", b"Subject: [secure] =?utf-8?q?[secure]?=\r\n"),
        (b"Subject: =?utf-8?b?w6k=?=\r\n a\r\n", b"Subject: [secure] =?utf-8?b?w6k=?=\r\n a\r\n"),
        (b"Subject: " + b"x" * 985 + b"\r\n", b"Subject: [secure]\r\n " + b"x" * 985 + b"\r\n"),
        (b"Subject: a\r\nSubject: b\r\n", b"Subject: [secure] a\r\nSubject: [secure] b\r\n"),
        (b"", b"Subject: [secure]\r\n"),
    ],
)
def test_a_subject_tag(before: bytes, after: bytes) -> None:
    tagged = add_subject_tag(block(b"From: a\r\n" + before), "[secure]")
    assert tagged.raw == b"From: a\r\n" + after
    assert add_subject_tag(tagged, "[secure]").raw == tagged.raw
    assert all(len(line) <= 998 for line in tagged.raw.split(b"\r\n"))


@pytest.mark.parametrize("tag", ["[a]\r\nBcc: x", "\x00", "x" * 79])
def test_a_tag_cannot_inject(tag: str) -> None:
    with pytest.raises(ValueError, match="subject tag"):
        add_subject_tag(block(), tag)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?q?Your_invoice_n=C2=B0_12345?=", "Your invoice n° 12345"),
        (b"=?UTF-8?B?w6k=?= =?utf-8?b?w6k=?=", "éé"),
        (b"=?utf-8?b?w6k?=", "é"),
        (b"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),
        (b"a =?iso-8859-1?q?=E9?= b", "a é b"),
        (b"=?utf-8*en?q?x?=", "x"),
        (b"=?no-such?q?=C3=A9?=", "é"),
        (b"=?hex?q?41?=", "41"),
        (b"=?idna?q?a?=", "a"),
        (b"=?unicode_escape?q?=C3=A9?=", "é"),
        (b"=?raw-unicode-escape?q?=C3=A9?=", "é"),
        (b"=?utf-8?q?broken", "=?utf-8?q?broken"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"=?utf-8?b?!!!?=", ""),
        (b"=?utf-8?q?a=0D=0ABcc:_x?=", "a  Bcc: x"),
        ("rohes UTF-8 é".encode(), "rohes UTF-8 é"),
        (b"\xff", "\ufffd"),
        (b"=?utf-16?b?AA==?=", "\ufffd"),
    ],
)
def test_reading_encoded_words(value: bytes, text: str) -> None:
    assert decode_text(value) == text


@given(st.binary(max_size=300))
def test_reading_never_raises_and_shows_no_control_characters(value: bytes) -> None:
    for prefix in (b"", b"=?utf-8?q?", b"=?utf-7?b?"):
        shown = decode_text(prefix + value + b"?=")
        assert all(character >= " " and character != "\x7f" for character in shown)


def test_reading_has_a_budget() -> None:
    assert len(decode_text(b"x" * 100_000)) == 16 * 1024


def test_the_subject_of_a_block() -> None:
    assert block(b"Subject: =?utf-8?q?=C3=A9?=\r\n").subject() == "é"
    assert block(b"").subject() == ""


def test_fifteen_fields_are_split_quickly() -> None:
    head = HEAD * 3
    block(head)
    best = min(_seconds(head) for _ in range(5))
    assert best < 100e-6, "four times the budget of 25 microseconds, for machines under load"


def _seconds(head: bytes) -> float:
    started = time.perf_counter()
    for _ in range(200):
        HeaderBlock.split(head)
    return (time.perf_counter() - started) / 200

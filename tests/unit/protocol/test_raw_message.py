"""Messages that others wrote, taken apart without changing a byte."""

from __future__ import annotations

import pytest

from wardmail.protocol.raw_message import LARGEST_HEAD, message_of_file, split_file, split_message


def test_fields_and_body_are_the_bytes_that_came() -> None:
    octets = b"From: a@x.example\r\nSUBJECT : one\r\n\ttwo\r\nX-Eight: \xff\r\n\r\nbody\n\r\n\r\nend"
    message = split_message(octets)
    assert [name for name, _ in message.fields] == [b"from", b"subject", b"x-eight"]
    assert b"".join(raw for _, raw in message.fields) + b"\r\n" + octets[message.body_start :] == octets
    assert message.all_of(b"subject") == [b"one\ttwo"]
    assert not message.faults


@pytest.mark.parametrize(
    ("octets", "names", "body"),
    [
        (b"", [], b""),
        (b"\r\n", [], b""),
        (b"\r\nbody", [], b"body"),
        (b"From: a", [b"from"], b""),
        (b"From: a\r\n", [b"from"], b""),
        (b"From: a\r\n\r\n", [b"from"], b""),
        (b"From: a\r\n \r\n\r\nbody", [b"from"], b"body"),
    ],
)
def test_edges(octets: bytes, names: list[bytes], body: bytes) -> None:
    message = split_message(octets)
    assert [name for name, _ in message.fields] == names
    assert octets[message.body_start :] == body
    assert not message.faults


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"Subject: x\nFrom: evil@x", "bare"),
        (b"Subject: x\rFrom: evil@x", "bare"),
        (b"Subject: x\0", "NUL"),
        (b"From: a\r\nno colon", "no header field"),
        (b"From: a\r\nX Y: b", "no header field"),
        (b" From: a", "no header field"),
        (b": x", "no header field"),
    ],
)
def test_faults(head: bytes, word: str) -> None:
    (fault, *_) = split_message(head + b"\r\n\r\nbody").faults
    assert word in fault


def test_a_header_beyond_all_measure_is_not_read() -> None:
    message = split_message(b"X: " + b"x" * LARGEST_HEAD + b"\r\n\r\nbody")
    assert message.fields == ()
    assert message.faults


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"From: a\n\nbody\n", b"From: a\r\n\r\nbody\r\n"),
        (b"From: a\r\n\r\nbody\n", b"From: a\r\n\r\nbody\n"),
        (b"From: a\n\nb\r\nc\n", b"From: a\r\n\r\nb\r\nc\r\n"),
        (b"From a@x Sat Nov 22\nFrom: a\n\nbody", b"From: a\r\n\r\nbody"),
        (b"From a@x Sat Nov 22\r\nFrom: a\r\n\r\nbody", b"From: a\r\n\r\nbody"),
        (b"From nobody", b""),
        (b"\xef\xbb\xbfFrom: a\n\nbody", b"From: a\r\n\r\nbody"),
        (b"", b""),
        (b"\n", b"\r\n"),
    ],
)
def test_files(file: bytes, message: bytes) -> None:
    assert message_of_file(file) == message


def test_a_field_that_a_tool_put_on_top_with_other_line_ends_is_read_and_told_of() -> None:
    """As `dkimsign` leaves it: CRLF in its own field, and the rest as it came."""
    mixed = split_file(b"DKIM-Signature: v=1;\r\n\td=a\r\nFrom: a\nTo: b\n\nbody\n")
    assert [name for name, _ in mixed.fields] == [b"dkim-signature", b"from", b"to"]
    assert mixed.octets.endswith(b"\r\n\r\nbody\r\n")
    assert mixed.faults == ("The header's lines end in two ways.",)
    for same in (b"From: a\n\nbody\r\nx\n", b"From: a\r\n\r\nbody\nx\r\n", b"From: a\n", b"", b"\n\nx"):
        assert split_file(same).faults == ()

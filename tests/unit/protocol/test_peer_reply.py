"""Replies of servers, well formed and otherwise."""

from __future__ import annotations

import pytest

from wardmail.protocol.peer_features import read_features
from wardmail.protocol.peer_reply import MAX_LINE, MAX_LINES, MAX_TEXT, ProtocolFault, ReplyReader


def read_one(octets: bytes):
    (reply,) = ReplyReader().feed(octets)
    return reply


def test_a_bare_code_is_a_reply():
    reply = read_one(b"220\r\n")
    assert (reply.code, reply.for_people().text) == (220, "")


def test_a_reply_of_many_lines_in_single_bytes():
    reader = ReplyReader()
    replies = []
    for octet in b"250-one\r\n250-two\r\n250 three\r\n":
        replies += reader.feed(bytes([octet]))
    assert [reply.lines for reply in replies] == [(b"one", b"two", b"three")]
    assert reader.is_empty


def test_several_replies_at_once_and_a_rest():
    reader = ReplyReader()
    replies = reader.feed(b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go")
    assert [reply.code for reply in replies] == [250, 250]
    assert not reader.is_empty
    assert [reply.code for reply in reader.feed(b"\r\n")] == [354]


@pytest.mark.parametrize(
    "octets",
    [
        b"hello\r\n",
        b"25\r\n",
        b"2500 no\r\n",
        b"150 no\r\n",
        b"650 no\r\n",
        b"250_no\r\n",
        b"\r\n",
        b"250-one\r\n251 two\r\n",
        b"250 one\n250 two\r\n",
        b"250 one\rtwo\r\n",
        b"250 " + b"x" * MAX_LINE + b"\r\n",
        b"x" * (MAX_LINE + 1),
        b"250-x\r\n" * MAX_LINES,
        "２５０ ok\r\n".encode(),
    ],
)
def test_what_is_no_reply_is_a_fault(octets):
    with pytest.raises(ProtocolFault):
        ReplyReader().feed(octets)


def test_words_outside_ascii_are_kept():
    assert read_one("550 5.1.1 Empfänger unbekannt\r\n".encode()).for_people().text == "Empfänger unbekannt"
    assert read_one("550 Empfänger\r\n".encode("latin-1")).for_people().text == "Empfänger"


def test_the_status_is_taken_off_every_line():
    words = read_one(b"550-5.1.1 The account\r\n550 5.1.1 does not exist.\r\n").for_people()
    assert (words.status, words.text) == ("5.1.1", "The account does not exist.")


@pytest.mark.parametrize(("line", "status"), [(b"250 2.0.0", "2.0.0"), (b"550 4.2.2 x", ""), (b"250 no.2.3", "")])
def test_the_status_must_fit_the_code(line, status):
    assert read_one(line + b"\r\n").for_people().status == status


def test_control_characters_are_removed_and_length_is_bounded():
    words = read_one(b"250 a\x1b[31mb\x00\xe2\x80\xaec" + b"x" * 1000 + b"\r\n").for_people()
    assert words.text.startswith("a[31mbcx")
    assert len(words.text) == MAX_TEXT


def test_features_in_any_case_and_the_old_spelling_of_auth():
    reply = read_one(b"250-MX.example hi\r\n250-size 1000\r\n250-Pipelining\r\n250-AUTH=plain LOGIN\r\n250 dsn\r\n")
    features = read_features(reply)
    assert features.name == "MX.example"
    assert (features.size_limit, features.pipelining, features.dsn) == (1000, True, True)
    assert features.mechanisms == {"PLAIN", "LOGIN"}
    assert not features.starttls


@pytest.mark.parametrize(("line", "limit"), [(b"SIZE", 0), (b"SIZE 0", 0), (b"SIZE many", 0), (b"DSN", None)])
def test_size_limits(line, limit):
    assert read_features(read_one(b"250-x\r\n250 " + line + b"\r\n")).size_limit == limit

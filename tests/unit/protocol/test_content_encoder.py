"""What follows DATA, for every way of cutting a message into chunks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.protocol.content_encoder import BareNewline, ContentEncoder


def encode(*chunks: bytes) -> bytes:
    encoder = ContentEncoder()
    return b"".join(encoder.encode(chunk) for chunk in chunks) + encoder.finish()


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"", b".\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n.\r\n", b"..\r\n..\r\n.\r\n"),
        (b"a\r\n.b\r\n..\r\n", b"a\r\n..b\r\n...\r\n.\r\n"),
        (b"a.b\r\n", b"a.b\r\n.\r\n"),
    ],
)
def test_dots_and_the_end(message, sent):
    assert encode(message) == sent
    assert encode(*(bytes([octet]) for octet in message)) == sent


@pytest.mark.parametrize(
    "message", [b"a\nb\r\n", b"a\rb\r\n", b"a\r", b"\n", b"a\r\r\n", b"a\n\r\n", b"a\r\n\r", b"\r\n\n"]
)
def test_a_bare_newline_never_leaves(message):
    for chunks in ([message], [bytes([octet]) for octet in message]):
        with pytest.raises(BareNewline):
            encode(*chunks)


lines = st.lists(st.sampled_from([b"", b".", b"..", b"x", b".x", b"x."]), max_size=8).map(b"\r\n".join)


@given(lines, st.lists(st.integers(0, 40), max_size=5))
def test_any_cut_gives_the_same_octets_and_can_be_undone(message, cuts):
    bounds = [0, *sorted(cut for cut in cuts if cut <= len(message)), len(message)]
    chunks = [message[start:end] for start, end in itertools.pairwise(bounds)]
    sent = encode(*chunks)
    assert sent == encode(message)
    received = [line[1:] if line.startswith(b".") else line for line in sent.removesuffix(b".\r\n").split(b"\r\n")]
    assert b"\r\n".join(received).removesuffix(b"\r\n") == message.removesuffix(b"\r\n")
    assert sent.endswith(b".\r\n")
    assert sent.count(b"\r\n.\r\n") <= 1

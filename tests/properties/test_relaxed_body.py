"""The streaming body hash agrees with dkimpy for any body, cut anywhere."""

from __future__ import annotations

import hashlib

from dkim.canonicalization import Relaxed
from hypothesis import example, given
from hypothesis import strategies as st

from wardmail.protect.canonical import RelaxedBodyHash, relaxed_field

pieces = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"b ", b"\r", b"\n", b"x" * 50, b"\xff"]), max_size=30)
chunks = st.lists(pieces.map(b"".join) | st.binary(max_size=40), max_size=8)


@given(chunks)
@example([])
@example([b"", b""])
@example([b"\r\n"])
@example([b"\r\n\r\n"])
@example([b" \r\n"])
@example([b" "])
@example([b"a \r", b"\n b\t", b"\t\r\n\r\n"])
@example([b"a", b"\r\n", b"\r\n", b"b"])
@example([b"a\r\n \r\n\t\r\n"])
@example([b"a\n\r\n\n\r\n"])
def test_same_as_dkimpy(parts: list[bytes]) -> None:
    hashing = RelaxedBodyHash()
    for part in parts:
        hashing.update(part)
    body = b"".join(parts)
    delivered = body if not body or body.endswith(b"\r\n") else body + b"\r\n"
    assert hashing.digest() == hashlib.sha256(Relaxed.canonicalize_body(delivered)).digest()


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n ", b"\r\n\t", b"a", b"b;", b"\xff"]), max_size=30))
def test_fields_same_as_dkimpy(parts: list[bytes]) -> None:
    value = b"".join(parts) + b"\r\n"
    ((_, expected),) = Relaxed.canonicalize_headers([(b"SUBJECT", value)])
    assert relaxed_field(b"subject", b"SUBJECT:" + value) == b"subject:" + expected

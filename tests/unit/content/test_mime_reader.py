"""The reader finds each part that any mail program would, and says where they would differ."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.mail_of import HEAD, PROGRAM, attached, found_in, multipart, names_in

from wardmail.content.inspection import inspect
from wardmail.content.mime.leaf import Limits
from wardmail.content.mime.reader import read_message
from wardmail.content.mime.transfer import from_base64

HIDDEN = (
    b'Content-Type: application/x-msdownload; name="evil.exe"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    + base64.b64encode(PROGRAM)
)
TEXT = b"Content-Type: text/plain\r\n\r\nhello"


def seen_with(message: bytes) -> tuple[bool, set[str]]:
    """Whether the program is found, and all findings."""
    inspection = inspect(message)
    found = any(part.detected_type == "application/x-dosexec" for part in inspection.parts)
    return found, {finding.id for finding in inspection.all_findings}


def by(boundary_field: bytes, used: bytes = b"bb") -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; " + boundary_field + b"\r\n\r\n--%b\r\n%b\r\n--%b\r\n%b\r\n--%b--\r\n" % (
        used, TEXT, used, HIDDEN, used,
    )  # fmt: skip


@pytest.mark.parametrize(
    "field",
    [
        b"boundary=bb", b'boundary="bb"', b'BOUNDARY="bb"', b"boundary = bb", b'boundary="b\\b"', b"boundary=bb (comment)",
        b"boundary=bb; charset=x", b'boundary="bb" ; x', b"boundary*=us-ascii''bb", b"boundary*0=b; boundary*1=b",
        b"boundary=b; boundary=bb", b"boundary=bb; boundary=b", b"boundary*=us-ascii''other; boundary=bb", b'boundary="bb',
        b"boundary='bb", b"boundary=bb ignored", b'boundary="bb "', b"charset=x;;boundary=bb", b'boundary="=?us-ascii?q?bb?="',
        b"\r\n\tboundary=bb", b'name="a;boundary=no";boundary=bb', b"x", b"boundary=", b"boundary=other",
    ],
)  # fmt: skip
def test_a_boundary_however_it_is_written(field: bytes) -> None:
    found, _ = seen_with(by(field))
    assert found


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (by(b"boundary=b; boundary=bb"), None),
        (by(b"boundary=other"), "mime-boundary-missing"),
        (by(b"x"), "mime-boundary-missing"),
        (multipart(TEXT) + b"--bb\r\n" + HIDDEN + b"\r\n--bb--\r\n", "mime-parts-after-end"),
        (multipart(TEXT) + b"\r\n--cc\r\n" + HIDDEN + b"\r\n--cc--\r\n", "mime-hidden-part"),
        (
            multipart(TEXT).replace(b"\r\n\r\n--bb", b"\r\n\r\n--cc\r\n" + HIDDEN + b"\r\n--cc--\r\n--bb", 1),
            "mime-hidden-part",
        ),
        (
            multipart(TEXT, HIDDEN).replace(b"\r\n--bb\r\nContent-Type: app", b"\r--bb\r\nContent-Type: app"),
            "mime-bare-cr",
        ),
        (multipart(TEXT + b"\r\n--bb junk\r\n" + HIDDEN), "mime-boundary-ambiguous"),
        (multipart(b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n" + HIDDEN), "mime-boundary-reused"),
        (
            multipart(HIDDEN.replace(b"Content-Type", b"Content-Type: text/plain\r\nContent-Type", 1)),
            "mime-duplicate-field",
        ),
        (
            multipart(HIDDEN.replace(b"Content-T", b"Content-Transfer-Encoding: 7bit\r\nContent-T", 1)),
            "mime-duplicate-field",
        ),
        (multipart(HIDDEN.replace(b": base64", b": base-64")), "mime-encoding-ambiguous"),
        (
            multipart(HIDDEN.replace(b"Content-Transfer-Encoding:", b"Content-Transfer-Encoding :")),
            "mime-header-ambiguous",
        ),
        (multipart(HIDDEN.replace(b"\r\nContent-T", b"\r\njunk\r\nContent-T", 1)), "mime-header-ambiguous"),
        (multipart(HIDDEN.replace(b"\r\nContent-T", b"\r\n \r\nContent-T", 1)), "mime-header-ambiguous"),
        (
            multipart(b"Content-Type: text/plain; boundary=cc\r\n\r\n--cc\r\n" + HIDDEN + b"\r\n--cc--"),
            "mime-type-ambiguous",
        ),
    ],
)
def test_what_mail_programs_would_read_differently_is_read_and_kept_back(message: bytes, fault: str | None) -> None:
    found, findings = seen_with(message)
    assert found
    assert fault is None or fault in findings


def test_an_encoded_multipart_is_read() -> None:
    inner = b"--bb\r\n" + HIDDEN + b"\r\n--bb--\r\n"
    message = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=bb\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(inner)
    )
    assert seen_with(message) == (True, {"mime-encoded-multipart", "type-executable"})


def test_uuencode_in_a_text_is_a_file_as_outlook_shows_it() -> None:
    import binascii

    lines = b"".join(binascii.b2a_uu(PROGRAM[start : start + 45]) for start in range(0, len(PROGRAM), 45))
    message = (
        HEAD
        + b"Content-Type: text/plain\r\n\r\nhello\r\nbegin 644 evil.exe\r\n"
        + lines.replace(b"\n", b"\r\n")
        + b"`\r\nend\r\n"
    )
    found, _ = seen_with(message)
    assert found
    assert "evil.exe" in names_in(inspect(message))


def test_prose_that_begins_is_no_uuencode() -> None:
    assert len(inspect(HEAD + b"\r\nbegin 644 the day well\r\nand it will end\r\n").parts) == 1


@pytest.mark.parametrize(
    ("letters", "fault"),
    [
        (base64.b64encode(PROGRAM[:30]) + base64.b64encode(PROGRAM[30:]), None),
        (base64.b64encode(PROGRAM[:31]) + base64.b64encode(PROGRAM[31:]), "mime-base64-ambiguous"),
        (base64.b64encode(PROGRAM).replace(b"A", b"A!", 3), "mime-base64-junk"),
        (b"=" + base64.b64encode(PROGRAM), "mime-base64-ambiguous"),
    ],
)
def test_base64_however_it_is_bent(letters: bytes, fault: str | None) -> None:
    found, findings = seen_with(multipart(HIDDEN.replace(base64.b64encode(PROGRAM), letters)))
    assert found
    assert fault is None or fault in findings


@given(st.text("Az09+/-_= \r\n!", max_size=30))
@example("=utf8q")
def test_whatever_says_that_it_is_base64_is_decoded_as_far_as_it_goes(letters: str) -> None:
    octets = from_base64(letters.encode()).octets
    assert len(octets) <= len(letters) * 3 // 4
    assert from_base64(base64.b64encode(octets)).octets == octets


def test_a_list_footer_after_an_encoded_text_is_no_trick() -> None:
    text = (
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(b"hello all")
        + b"\r\n____\r\nlist\r\n"
    )
    assert found_in(HEAD + text) == {"mime-text-malformed"}


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (b'filename="a.pdf"', "a.pdf"),
        (b"filename=a b.pdf", "a b.pdf"),
        (b"filename*=utf-8''%e2%82%ac.pdf", "€.pdf"),
        (b"filename*0*=utf-8''%e2%82; filename*1*=%ac.pdf", "€.pdf"),
        (b'filename*0="a"; filename*1=".pdf"', "a.pdf"),
        (b'filename="=?utf-8?B?4oKsLnBkZg==?="', "€.pdf"),
        (b'filename="=?utf-8?Q?a_b?= =?utf-8?Q?.pdf?="', "a b.pdf"),
    ],
)
def test_names_as_clients_show_them(field: bytes, name: str) -> None:
    part = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; " + field + b"\r\n\r\n%PDF-1.4"
    leaf = list(read_message(multipart(TEXT, part))[0])[1]
    assert name in leaf.names


def test_two_names_with_different_endings_are_told() -> None:
    part = b'Content-Type: text/plain; name="a.txt"\r\nContent-Disposition: attachment; filename="a.exe"\r\n\r\nhello'
    assert "name-conflict" in found_in(multipart(part))


def test_budgets_end_the_reading_and_are_told() -> None:
    many = multipart(*[TEXT] * 30)
    for limits, fault in (
        (Limits(parts=10), "budget-parts"),
        (Limits(decoded=20), "budget-octets"),
        (Limits(message=100), "budget-message"),
    ):
        leaves, spending = read_message(many, limits)
        assert len(list(leaves)) < 30
        assert fault in {each for each, _ in spending.faults}


def test_deep_nesting_is_told() -> None:
    message = TEXT
    for _ in range(60):
        message = b"Content-Type: message/rfc822\r\n\r\n" + message
    assert "budget-depth" in found_in(message)


PIECES = [
    b"\r\n", b"\n", b"\r", b"--bb", b"--", b"Content-Type: ", b"multipart/mixed; boundary=bb", b"message/rfc822", b"text/html",
    b"; ", b'"', b"=", b"\0", b"begin 644 a\n", b"Content-Transfer-Encoding: base64", b"=?utf-8?q?", b"\xff", b" ", b"(",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_nothing_breaks_the_reader(pieces: list[bytes]) -> None:
    inspect(b"".join(pieces))
    inspect(HEAD + b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n" + b"".join(pieces))


def test_octets_are_not_changed() -> None:
    content = bytes(range(256)) * 50
    leaf = list(read_message(attached(content))[0])[1]
    assert leaf.octets == content

"""The readable text of a message: found wherever MIME puts it, within a budget, and gaps are named."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.content.condense import ReadingBudget
from wardmail.content.markup import text_of_html
from wardmail.content.text import TextParts, Unreadable, readable_text


def read(message: EmailMessage | bytes, budget: ReadingBudget | None = None) -> TextParts:
    raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = {}
    for line in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        fields[name.lower()] = value
    chunks = [body[start : start + 100] for start in range(0, len(body), 100)]
    answer = readable_text(
        fields.get(b"content-type", b""),
        fields.get(b"content-transfer-encoding", b""),
        chunks,
        budget or ReadingBudget(),
    )
    return answer if isinstance(answer, TextParts) else TextParts((), "unreadable: " + answer.why)


def message(text: str = "plain é text\n") -> EmailMessage:
    made = EmailMessage()
    made.set_content(text)
    return made


def test_a_single_part_in_every_transfer_encoding() -> None:
    for encoding in ("quoted-printable", "base64", "8bit"):
        made = EmailMessage()
        made.set_content("plain é text\n", cte=encoding)
        assert read(made) == TextParts(("plain é text\r\n",)) or read(made) == TextParts(("plain é text\n",))


def test_no_content_type_means_plain_text() -> None:
    assert read(b"Subject: x\r\n\r\nhello\r\n").texts == ("hello\r\n",)


def test_alternatives_attachments_and_nested_messages() -> None:
    inner = message("inner text\n")
    made = message("outer text\n")
    made.add_alternative("<p>outer <b>html</b></p><p>second</p>\n", subtype="html")
    made.add_attachment(b"\x00\x01", maintype="application", subtype="pdf", filename="a.pdf")
    made.add_attachment("a,b\n1,2\n", subtype="csv", filename="a.csv")
    made.add_attachment(inner)
    answer = read(made)
    assert [part.split() for part in answer.texts] == [
        ["outer", "text"],
        ["outer", "html", "second"],
        ["a,b", "1,2"],
        ["inner", "text"],
    ]
    assert answer.unscanned == ""


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "iso-8859-15"])
def test_charsets(charset: str) -> None:
    raw = b"Content-Type: text/plain; charset=%b\r\n\r\n" % charset.encode() + "né".encode(charset)
    assert read(raw).texts == ("né",)


@pytest.mark.parametrize("charset", [b"no-such", b"hex", b"punycode", b"unicode_escape", b"undefined", b"zip"])
def test_unknown_and_risky_charsets_are_read_as_utf8(charset: bytes) -> None:
    assert read(b"Content-Type: text/plain; charset=%b\r\n\r\nn\xc3\xa9" % charset).texts == ("né",)


MULTI = b'Content-Type: multipart/mixed; boundary="b 1"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b"--b 1\r\n\r\nA\r\n--b 1--\r\n", ["A"]),
        (b"preamble\r\n--b 1\r\n\r\nA\r\n--b 1  \r\n\r\nB\r\n--b 1--\r\nepilogue", ["A", "B"]),
        (b"--b 1\r\n\r\nA", ["A"]),
        (b"--b 1\r\n\r\nA\r\n--b 12\r\nB\r\n--b 1--", ["A\r\n--b 12\r\nB"]),
        (b"--b 1\r\n--b 1\r\n\r\nB\r\n--b 1--", ["", "B"]),
        (b"--b 1\r\nContent-Type:\r\n text/plain\r\n\r\nA\r\n--b 1--", ["A"]),
        (b"--b 1\r\nX: y\r\nCONTENT-TRANSFER-ENCODING: BASE64\r\n\r\nQQ==\r\n--b 1--", ["A"]),
        (b"--b 1\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJDRE\r\n--b 1--", ["ABC"]),
        (b"--b 1\r\nContent-Type: image/png\r\n\r\nA\r\n--b 1--", []),
    ],
)
def test_multipart_forms(body: bytes, texts: list[str]) -> None:
    assert list(read(MULTI + body).texts) == texts


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"Content-Type: multipart/mixed\r\n\r\nhello", "without parts"),
        (MULTI + b"nothing here", "without parts"),
        (MULTI + b"--b 1--\r\n\r\nA", "without parts"),
        (MULTI + b"--b 1\r\nContent-Type: image/png\r\nContent-Type: text/plain\r\n\r\nA\r\n--b 1--", "twice"),
        (b"Content-Transfer-Encoding: x-uuencode\r\n\r\nhello", "unknown transfer encoding"),
        (b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMII", "encrypted"),
        (b"Content-Type: multipart/encrypted; boundary=x\r\n\r\n--x\r\n\r\n", "encrypted"),
    ],
)
def test_gaps_are_named(raw: bytes, words: str) -> None:
    gap = read(raw).unscanned
    assert words in gap


def test_nothing_but_gaps_is_unreadable() -> None:
    answer = readable_text(b"application/pkcs7-mime", b"base64", [b"MII"])
    assert answer == Unreadable("an encrypted part cannot be read")


SMALL = ReadingBudget(whole=1000, part=200, total=2000)


def test_long_bodies_keep_the_beginning_of_every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardmail.content.text._LONGEST_PART_HEAD", 80)
    bulk = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 1000
    body = b"--b 1\r\n\r\nfirst\r\n--b 1\r\n" + bulk + b"--b 1\r\n\r\nlast\r\n--b 1--\r\n"
    for size in (1, 7, 100, 10_000):
        chunks = [body[start : start + size] for start in range(0, len(body), size)]
        answer = readable_text(b'multipart/mixed; boundary="b 1"', b"", chunks, SMALL)
        assert answer == TextParts(("first", "last"))


def test_a_long_text_is_read_in_part_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardmail.content.text._LONGEST_PART_HEAD", 80)
    answer = readable_text(b"text/plain", b"", [b"x" * 5000], SMALL)
    assert answer == TextParts(("x" * 200,), "only 200 octets of a long text were read")
    assert readable_text(b"text/plain", b"", [b"x" * 1000], SMALL) == TextParts(("x" * 1000,))


def test_no_more_than_the_budget_is_taken() -> None:
    taken = []

    def chunks() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield b"\r\n--" + b"z" * 96

    answer = readable_text(b"", b"", chunks(), SMALL)
    assert len(taken) <= 2000 // 100 + 2
    assert isinstance(answer, TextParts)
    assert "of a long body only 2000 octets" in answer.unscanned


def test_the_part_and_depth_budgets() -> None:
    many = read(MULTI + b"--b 1\r\n\r\nA\r\n" * 50, ReadingBudget(parts=10))
    assert len(many.texts) == 9
    assert many.unscanned == "only the first 10 parts were read"
    deep = b"x"
    for level in range(20):
        deep = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) + deep
    assert "levels" in read(deep).unscanned
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 20 + b"Subject: x\r\n\r\ntext"
    assert "an attached message was not read" in read(nested).unscanned


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a</p><p>b", "\na\n\nb"),
        ("943<b> </b>476&nbsp;5919", "943 476\u00a05919"),
        ("943<b>476</b>5919", "9434765919"),
        ("a<br/>b", "a\nb"),
        ("<!-- 943 476 5919 -->x", "x"),
        ("x<!-- open", "x"),
        ("<style>p{}</style>x<script>var y</script >z", "x z"),
        ("1 < 2 and <b>3</b> > 2", "1 < 2 and 3 > 2"),
        ("a\r\n  b", "a b"),
        ("&lt;p&gt;", "<p>"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "\n\n\na\n\nb\n\n\n"),
    ],
)
def test_html(markup: str, text: str) -> None:
    assert text_of_html(markup) == text


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<script", "<p ", "</style", "&", "<a href='", "-->", "<!-- -->", "</script  "]
)
def test_hostile_html_costs_linear_time(piece: str) -> None:
    started = time.process_time()
    text_of_html(piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    "piece", [b"--b 1\r\n", b"\r\n--b 1x", b"--b 1--\r\n", b"\r\n", b"Content-Type: ", b"\r\n ", b"="]
)
def test_hostile_bodies_cost_linear_time(piece: bytes) -> None:
    body = piece * (1_000_000 // len(piece))
    started = time.process_time()
    read_once = readable_text(b'multipart/mixed; boundary="b 1"', b"", [body])
    readable_text(b'multipart/mixed; boundary="b 1"', b"", [b"--b 1\r\n" + body])
    readable_text(b"message/rfc822", b"quoted-printable", [body])
    assert time.process_time() - started < 2.0
    assert isinstance(read_once, TextParts)


@given(st.binary(max_size=300), st.binary(max_size=60), st.sampled_from([b"base64", b"quoted-printable", b"", b"\xff"]))
def test_never_raises(body: bytes, content_type: bytes, encoding: bytes) -> None:
    readable_text(content_type, encoding, [body])
    readable_text(
        b"multipart/mixed; boundary=b", encoding, [b"--b\r\nContent-Type: " + content_type + b"\r\n\r\n" + body]
    )


def test_a_message_of_eleven_kilobytes_is_read_quickly() -> None:
    made = message("some plain words to read in a letter\n" * 60)
    made.add_alternative(
        "<html><body>" + "<p style='margin:0'>words in a letter</p>\n" * 100 + "</body></html>", subtype="html"
    )
    made.add_attachment(base64.b64encode(b"x" * 1500), maintype="application", subtype="pdf")
    raw = made.as_bytes(policy=SMTP)
    head, _, body = raw.partition(b"\r\n\r\n")
    content_type = head[head.index(b"Content-Type:") + 13 :]
    assert len(read(raw).texts) == 2
    best = 1.0
    for _ in range(20):
        started = time.perf_counter()
        readable_text(content_type, b"", [body])
        best = min(best, time.perf_counter() - started)
    assert best < 1e-3, "five times the budget of 200 microseconds, for machines under load"


def test_letters_of_an_unknown_character_set_are_a_gap() -> None:
    """EBCDIC by another name: nobody here can say what it says. What is ASCII can be read whatever it is called."""
    hidden = readable_text(b"text/plain; charset=x-martian", b"", ["SECRET".encode("cp037")])
    assert isinstance(hidden, TextParts)
    assert "unknown character set" in hidden.unscanned
    plain = readable_text(b"text/plain; charset=x-martian", b"", [b"Good morning"])
    assert plain == TextParts(("Good morning",))

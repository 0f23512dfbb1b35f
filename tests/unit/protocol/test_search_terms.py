"""What a message is found by: folded words of its subject and its application's names, whatever a hostile sender wrote."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.protocol.headers import BadHeaders, HeaderBlock
from wardmail.protocol.search_terms import MOST_WORDS, alternatives, terms_of


def terms(*fields: bytes, envid: str | None = None, tags: tuple[str, ...] = ()) -> tuple[str, ...]:
    block = HeaderBlock.split(b"".join(each + b"\r\n" for each in fields))
    assert not isinstance(block, BadHeaders), block
    return terms_of(block, envid, tags)


def words(subject: bytes) -> list[str]:
    return [each.removeprefix("word ") for each in terms(b"Subject: " + subject)]


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        (b"Discharge letter", ["discharge", "letter"]),
        (b"RE: Re: re:", ["re"]),
        (b"NHS no. 943 476 5919", ["nhs", "no", "943", "476", "5919"]),
        (b"O'Brien_Smith-Jones", ["o", "brien", "smith", "jones"]),
        ("Zoë Ünal Straße İstanbul".encode(), ["zoe", "unal", "strasse", "istanbul"]),
        ("ﬁle ＡＢＣ Ångström".encode(), ["file", "abc", "angstrom"]),
        (b"=?utf-8?q?Caf=C3=A9_cl?=\r\n =?utf-8?q?inic?=", ["cafe", "clinic"]),
        (b"=?iso-8859-1?b?" + base64.b64encode("Brontë".encode("latin-1")) + b"?=", ["bronte"]),
        (b"Two\r\n folded lines", ["two", "folded", "lines"]),
        ("日本語 Привет".encode(), ["日本語", "привет"]),
        (b"", []),
        (b"--- !!!", []),
    ],
)
def test_words_of_a_subject(subject: bytes, found: list[str]) -> None:
    assert words(subject) == found


def test_what_a_word_costs_has_a_budget() -> None:
    assert len(words(b" ".join(b"w%d" % n for n in range(500)))) == MOST_WORDS
    assert words(b"x" * 990) == ["x" * 64]
    assert len(words("\ufdfa".encode() * 300)) <= MOST_WORDS
    assert words(b"e" + "\u0301".encode() * 400 + b"nd") == ["end"]


def test_names_of_an_application() -> None:
    found = terms(b"Message-ID:  <a.B@app.example> ", b"Wardmail-Reference: EPR  7", envid="QQ+2B1")
    assert found == ("message-id a.B@app.example", "reference epr 7", "reference qq+1")
    assert terms(b"Message-ID: ", b"Wardmail-Reference: ") == ()
    assert terms(b"Message-ID: (x) <a@b> (y)") == ("message-id a@b",)
    assert terms(b"Message-ID: <" + b"x" * 400 + b">", b"Wardmail-Reference: " + b"y" * 400) == ()


def test_a_tag_before_the_subject_is_found_with_it() -> None:
    """People paste the subject as the page shows it."""
    assert terms(b"Subject: Letter", tags=("[secure]",)) == ("word secure", "word letter")


def test_a_tag_takes_the_place_of_no_word_of_the_subject() -> None:
    subject = b" ".join(b"w%d" % n for n in range(MOST_WORDS))
    found = terms(b"Subject: " + subject, tags=("[secure] for internal use",))
    assert set(found) == {*terms(b"Subject: " + subject), "word secure", "word for", "word internal", "word use"}
    pasted = alternatives("[secure] for internal use " + subject.decode(), by_subject=True)[-1]
    assert set(pasted) <= set(found)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("letter", [("message-id letter",), ("reference letter",), ("word letter",)]),
        ('"Discharge letter"', [("word discharge", "word letter")]),
        ("“Discharge letter”", [("word discharge", "word letter")]),
        ("a@b.example", [("message-id a@b.example",), ("reference a@b.example",)]),
        ("<a@b.example>", [("message-id a@b.example",), ("reference <a@b.example>",)]),
        ('"a@b.example"', [("word a", "word b", "word example")]),
        ("to a@b", [("message-id to a@b",), ("reference to a@b",), ("word to", "word a", "word b")]),
        ('"', [('message-id "',), ('reference "',)]),
        ('""', []),
        ("", []),
        ("x" * 321, [("word " + "x" * 64,)]),
    ],
)
def test_what_somebody_may_mean(typed: str, found: list[tuple[str, ...]]) -> None:
    assert alternatives(typed, by_subject=True) == found
    without = alternatives(typed, by_subject=False)
    assert without == [each for each in found if not each[0].startswith("word ")]


@given(st.text(max_size=200))
def test_a_subject_is_found_by_itself(subject: str) -> None:
    plain = subject.encode("utf-8", "replace").decode()
    encoded = b"=?utf-8?b?" + base64.b64encode(plain.encode()) + b"?="
    kept = terms(b"Subject: " + encoded)
    for meant in alternatives(f'"{plain}"', by_subject=True):
        assert set(meant) <= set(kept)


@given(st.binary(max_size=300))
def test_no_octets_break_it(octets: bytes) -> None:
    field = octets.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    for each in terms(b"Subject: " + field, b"Message-ID: " + field, b"Wardmail-Reference: " + field):
        assert each.encode()

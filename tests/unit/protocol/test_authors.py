"""Who a message says it is from: what any mail program might show counts."""

from __future__ import annotations

import pytest

from wardmail.protocol.authors import MOST_AUTHORS, read_authors


@pytest.mark.parametrize(
    ("value", "domains"),
    [
        (b"a@x.example", ["x.example"]),
        (b'"Dr A, GP" <a@X.Example>', ["x.example"]),
        (b"=?utf-8?q?boss=40nhs.net?= <a@x.example>", ["x.example"]),
        (b"a@x.example, b@y.example", ["x.example", "y.example"]),
        (b"Team: a@x.example, B <b@y.example>;", ["x.example", "y.example"]),
        (b"a@x.example (b@y.example)", ["x.example"]),
        (b'"boss@nhs.net" <a@x.example>', ["x.example"]),
        (b"a@x.example <a@x.example>", ["x.example"]),
        (b"a..b@x.example", ["x.example"]),
        (b"a @ x.example", ["x.example"]),
        (b'"boss@nhs.net" <a..b@x.example>', ["x.example"]),
        (b'"a b"@x.example, "boss@nhs.net" <"c d"@x.example>', ["x.example"]),
        (b"J\xf6rg <a@x.example>", ["x.example"]),
        ("Jürgen <jürgen@bücher.example>".encode(), ["xn--bcher-kva.example"]),
        (b"a@x.example.", ["x.example"]),
        (b"root@localhost", ["localhost"]),
        (b"a@my-trust.nhs.uk", ["my-trust.nhs.uk"]),
    ],
)
def test_domains(value: bytes, domains: list[str]) -> None:
    authors = read_authors([value])
    assert list(authors.domains) == domains
    assert not authors.problem


@pytest.mark.parametrize(
    ("value", "domains"),
    [
        (b"boss@nhs.net <a@x.example>", ["nhs.net", "x.example"]),
        (b"<boss@nhs.net> <a@x.example>", ["nhs.net", "x.example"]),
        (b"boss@nhs.net;a@x.example", ["nhs.net", "x.example"]),
        (b'"boss@nhs.net <a@x.example>', ["nhs.net", "x.example"]),
        (b"(boss@nhs.net <a@x.example>", ["nhs.net", "x.example"]),
        (b"<@nhs.net:a@x.example>", ["nhs.net", "x.example"]),
    ],
)
def test_what_can_be_read_in_two_ways_is_read_in_both(value: bytes, domains: list[str]) -> None:
    authors = read_authors([value])
    assert list(authors.domains) == domains
    assert "more than one way" in authors.problem


@pytest.mark.parametrize(
    "value",
    [
        b"", b"nobody", b"Undisclosed:;", b"a@b@c.example", b"a@[192.0.2.1]", b"a@", b"a@x..example", b"a@-x.example",
        b"a@x.example\0@y.example", "a@nhs．net".encode(), b"a@" + b"x" * 300, b"<" * 20_000,
        b'"' + b'\\"' * 8000, b"a@x_y.example",
    ],
)  # fmt: skip
def test_nobody_can_be_held_to_it(value: bytes) -> None:
    authors = read_authors([value])
    assert authors.domains == ()
    assert authors.problem


def test_several_fields_and_none() -> None:
    both = read_authors([b"a@x.example", b"b@y.example"])
    assert both.domains == ("x.example", "y.example")
    assert "2 From fields" in both.problem
    assert read_authors([]).problem
    crowd = read_authors([b", ".join(b"a%d@x.example" % number for number in range(MOST_AUTHORS + 1))])
    assert crowd.domains == ()
    few = read_authors([b", ".join(b"a%d@x.example" % number for number in range(MOST_AUTHORS))])
    assert few.domains == ("x.example",)
    assert read_authors([b"a@x.example"] * 6).domains == ()
    assert read_authors([b"a@x.example"] * 5).domains == ("x.example",)


def test_what_is_shown_steers_no_terminal() -> None:
    assert "\x1b" not in "".join(read_authors([b"\x1b[2Ja..b@x.example"]).addresses)

"""Addresses: what is taken, what is refused, and with which words."""

from __future__ import annotations

import time

import pytest

from wardmail.model.address import Address
from wardmail.protocol.address import InvalidAddress, MailboxBudget, parse_address, parse_mailboxes, parse_path
from wardmail.protocol.domain import InvalidDomain, parse_domain


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a@b.example", Address("a", "b.example")),
        ("First.Last+tag@NHS.NET", Address("First.Last+tag", "nhs.net")),
        ('"john.smith"@b.example', Address('"john.smith"', "b.example")),
        (r'"a\"b"@b.example', Address(r'"a\"b"', "b.example")),
        ("a@bücher.example", Address("a", "xn--bcher-kva.example")),
        ("a@BÜCHER.example", Address("a", "xn--bcher-kva.example")),
        ("a@xn--bcher-kva.example", Address("a", "xn--bcher-kva.example")),
        ("δοκιμή@b.example", Address("δοκιμή", "b.example")),
        ("a@r3---sn.example", Address("a", "r3---sn.example")),
        ("a@1.example", Address("a", "1.example")),
        ("x" * 64 + "@b.example", Address("x" * 64, "b.example")),
        ("a@" + "b" * 63 + ".example", Address("a", "b" * 63 + ".example")),
    ],
)
def test_what_is_an_address(written: str, expected: Address) -> None:
    assert parse_path(written, allow_smtputf8=True) == expected


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "empty"),
        ("a", "no @"),
        ("user@nhs.net@evil.example", "more than one @"),
        ("a@nhs.net.", "starts or ends with a dot"),
        ("a@.nhs.net", "starts or ends with a dot"),
        ("a@nhs..net", "two dots"),
        (".a@nhs.net", "starts or ends with a dot"),
        ("a.@nhs.net", "starts or ends with a dot"),
        ("a..b@nhs.net", "two dots"),
        ("@nhs.net", "Source routes"),
        ("@relay.example,@b.example:c@d.example", "Source routes"),
        ("a%evil.example@nhs.net", "Routing with %"),
        ("evil.example!a@nhs.net", "Routing with !"),
        ('"a@evil.example"@nhs.net', "quoted part"),
        ('"a%b"@nhs.net', "quoted part"),
        ('"a b"@nhs.net', "quoted part"),
        ('"a>b"@nhs.net', "quoted part"),
        ('"a,b"@nhs.net', "quoted part"),
        ('""@nhs.net', "quoted part before the @ is empty"),
        (r'"a\b"@nhs.net', "quotation marks"),
        ('"a"b@nhs.net', "quotation marks"),
        ("a(comment)@nhs.net", "Comments"),
        ("a@nhs.net(comment)", "Comments"),
        ("a@(c)nhs.net", "Comments"),
        ("a b@nhs.net", "blank"),
        ("a @nhs.net", "blank"),
        ("a@nhs.net ", "not allowed"),
        ("a@nhs .net", "not allowed"),
        ("a\r\nRCPT TO:<x@y.example>@nhs.net", "control"),
        ("a\x00@nhs.net", "control"),
        ("a\u200b@nhs.net", "control or invisible"),
        ("a@nhs\u202e.net", "control or invisible"),
        ("a\udc80@nhs.net", "control"),
        ("a@[192.0.2.1]", "Address literals"),
        ("a@192.0.2.1", "ends in a number"),
        ("a@localhost", "only one label"),
        ("<a@nhs.net>", "not allowed"),
        ("a,b@nhs.net", "not allowed"),
        ("a@nhs_x.net", "not allowed"),
        ("a@-nhs.net", "not allowed"),
        ("a@nhs-.net", "not allowed"),
        ("a@ｎｈｓ.net", "look-alike"),
        ("a@nhs。net", "only one label"),
        ("a@gov.u\u212a", "look-alike"),
        ("a@n\u02b0s.net", "look-alike"),
        ("a@١٢.example", "digits"),
        ("a１@nhs.net", "look-alike"),
        ("ａ@nhs.net", "look-alike"),
        ("e\u0301@nhs.net", "look-alike"),
        ("a＠nhs.net", "no @"),
        ("a@xn--zzzzz---.example", "IDNA 2008"),
        ("a@xn--nhs-.net", "not valid"),
        ("a@☃.example", "IDNA 2008"),
        ("x" * 65 + "@b.example", "longer than 64"),
        ("é" * 33 + "@b.example", "longer than 64"),
        ("a@" + "b" * 64 + ".example", "longer than 63"),
        ("a@" + "b." * 126 + "example", "longer than 25"),
        ("x" * 60 + "@" + ("b" * 60 + ".") * 3 + "example-abcdefg", "longer than 254"),
    ],
)
def test_what_is_refused(written: str, words: str) -> None:
    answer = parse_path(written, allow_smtputf8=True)
    assert isinstance(answer, InvalidAddress)
    assert words in answer.reason
    assert answer.reason[0].isupper()


def test_smtputf8_must_be_asked_for() -> None:
    answer = parse_path("é@b.example", allow_smtputf8=False)
    assert isinstance(answer, InvalidAddress)
    assert "SMTPUTF8" in answer.reason
    assert parse_path("a@bücher.example", allow_smtputf8=False) == Address("a", "xn--bcher-kva.example")


def test_a_single_label_only_when_allowed() -> None:
    assert parse_path("a@localhost", allow_smtputf8=False, allow_single_label=True) == Address("a", "localhost")


def test_a_mixed_script_domain_is_another_domain() -> None:
    cyrillic = parse_path("a@nh\u0455.net", allow_smtputf8=True)
    assert isinstance(cyrillic, Address)
    assert cyrillic.domain.startswith("xn--")


def test_a_person_may_leave_blanks_around_an_address_and_nowhere_else() -> None:
    assert parse_address("  a@b.example\t\r\n") == Address("a", "b.example")
    assert isinstance(parse_address("a @b.example"), InvalidAddress)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"a@b.example", ["a@b.example"]),
        (b'"Smith, John" <a@b.example>', ["a@b.example"]),
        (b"John Q. Public <a@b.example>, c@d.example (a (nested) comment), ,", ["a@b.example", "c@d.example"]),
        (b"undisclosed-recipients:;", []),
        (b'Team: a@b.example, "Z" <c@d.example>;, e@f.example', ["a@b.example", "c@d.example", "e@f.example"]),
        (b"< (note) a@b.example >", ["a@b.example"]),
        (b"a@b.example,\r\n\tc@d.example", ["a@b.example", "c@d.example"]),
        ("Zoë <a@b.example>".encode(), ["a@b.example"]),
        (b"=?utf-8?q?evil=40nhs=2Enet?= <a@b.example>", ["a@b.example"]),
        (rb'"a\"b <x@y.example>" <a@b.example>', ["a@b.example"]),
        (b'"quoted"@b.example', ['"quoted"@b.example']),
        ("<é@b.example>".encode(), ["é@b.example"]),
    ],
)
def test_mailboxes_of_a_field(field: bytes, expected: list[str]) -> None:
    found = parse_mailboxes(field)
    assert isinstance(found, tuple)
    assert [str(address) for address in found] == expected


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (b"", "no address"),
        (b" , ,", "no address"),
        (b"(only a comment)", "no address"),
        (b"<>", "empty"),
        (b"boss@nhs.net <evil@b.example>", "quotation marks"),
        (b"x <a@b.example> y", "after an address"),
        (b"x <a@b.example> <c@d.example>", "not separated"),
        (b"a(x)@b.example", "Comments"),
        (b'"open <a@b.example>', "does not belong"),
        (b"x <a@b.example", "not closed"),
        (b"(open a@b.example", "not closed"),
        (b"a@b.example; c@d.example", "separated by ;"),
        (b"Team: a@b.example", "not closed with ;"),
        (b"Team: Other: a@b.example;;", "no group begins"),
        (b"x <@relay.example:a@b.example>", "Source routes"),
        (b"x <a@b.example\r\nBcc: c@d.example>", "does not belong"),
        (b"x <<a@b.example>>", "not closed"),
        (b"\xff <a@b.example>", "UTF-8"),
        (b"a@b.example\x00", "does not belong"),
        (b"a@b.example c@d.example", "more than one @"),
    ],
)
def test_fields_that_are_refused(field: bytes, words: str) -> None:
    answer = parse_mailboxes(field)
    assert isinstance(answer, InvalidAddress)
    assert words in answer.reason


def test_budgets_of_a_field() -> None:
    too_long = parse_mailboxes(b"a@b.example," * 20, budget=MailboxBudget(octets=100))
    too_many = parse_mailboxes(b"a@b.example," * 20, budget=MailboxBudget(mailboxes=19))
    assert isinstance(too_long, InvalidAddress)
    assert "longer than 100" in too_long.reason
    assert isinstance(too_many, InvalidAddress)
    assert "more than 19" in too_many.reason


@pytest.mark.parametrize("piece", ["(", '"', "a,", "<", "a ", '"a" ', '\\"', "(\\", " <", "a:;", ",", "a.", "@"])
def test_hostile_fields_cost_linear_time(piece: str) -> None:
    started = time.process_time()
    parse_mailboxes(piece * (64_000 // len(piece)))
    assert time.process_time() - started < 1.0


def test_a_domain_on_its_own() -> None:
    assert parse_domain("MerseyCare.NHS.uk") == "merseycare.nhs.uk"
    assert isinstance(parse_domain(""), InvalidDomain)

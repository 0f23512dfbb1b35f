"""Any text is an address or is refused; what is accepted means one thing only, and no trick makes it look secure."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from wardmail.model.address import Address
from wardmail.model.standing import Profile, Standing
from wardmail.policy.standing import StandingTable
from wardmail.protocol.address import InvalidAddress, parse_mailboxes, parse_path

TABLE = StandingTable(Profile.GOVERNMENT)

WORDS = ("a", "nhs", "net", "nhs.net", "secure", "uk", "xn--", "evil", "=?utf-8?q?a?=", "\r\n")
SIGNS = '@.%!"\\()<>,:;[]- \0éｎ。\u0455\u212a\u200b'
pieces = st.sampled_from((*WORDS, *SIGNS))
texts = st.lists(pieces, max_size=12).map("".join) | st.text(max_size=60)


@given(texts)
def test_a_path_is_refused_or_means_one_thing(text: str) -> None:
    answer = parse_path(text, allow_smtputf8=True)
    if isinstance(answer, InvalidAddress):
        assert answer.reason
        return
    assert parse_path(str(answer), allow_smtputf8=True) == answer
    assert str(answer).count("@") == 1
    assert answer.domain.isascii()
    assert answer.domain == answer.domain.lower()
    assert not any(sign in str(answer) for sign in "%!<>()[] \r\n\0")


@given(texts)
def test_only_what_ends_in_a_secure_name_is_secure(text: str) -> None:
    answer = parse_path(f"a@{text}", allow_smtputf8=True)
    if isinstance(answer, Address) and TABLE.standing_of(answer.domain, date(2026, 1, 1)).standing is Standing.SECURE:
        written = text.lower()
        assert written == "nhs.net" or written.endswith((".nhs.net", "secure.nhs.uk"))


@given(texts)
def test_a_field_never_yields_what_a_path_would_not(text: str) -> None:
    answer = parse_mailboxes(text)
    if isinstance(answer, tuple):
        assert all(parse_path(str(address), allow_smtputf8=True) == address for address in answer)


@given(st.binary(max_size=80))
def test_any_octets_in_a_field_have_an_answer(octets: bytes) -> None:
    assert isinstance(parse_mailboxes(octets), (tuple, InvalidAddress))

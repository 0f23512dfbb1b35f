"""Another organisation's DKIM keys: graded by the official rules, looked for within a budget, never bad for not being found."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from wardmail.assurance.foreign_keys import WELL_KNOWN, KeyLook, judge_keys, look_at_keys, selectors_in
from wardmail.manage.integrations import BadInput
from wardmail.manage.signing_keys import named_selectors
from wardmail.model.own_domain import DomainFinding, Verdict
from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question, Unknown
from wardmail.model.sender import AuthResult, DkimEvidence
from wardmail.protocol.selector import proper_selector


def rsa_record(bits: int, more: str = "") -> str:
    """Nobody checks a signature by it: any odd number is long enough."""
    key = rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) + 1).public_key()
    return f"v=DKIM1; k=rsa; {more}p={b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()}"


RAW = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
ED25519 = f"v=DKIM1; k=ed25519; p={b64encode(RAW).decode()}"
LONG = rsa_record(2048)
REVOKED = "v=DKIM1; p="


def judged(*records: str, nobodys: Answer | None = None, known: tuple[str, ...] = ()) -> dict[str, DomainFinding]:
    look = judge_keys({"s1": Found(records), "s2": NotFound()}, nobodys or NotFound(), known)
    return {each.check: each for each in look.findings}


@pytest.mark.parametrize(
    ("records", "verdict", "words"),
    [
        ((LONG,), Verdict.GOOD, "RSA of 2048 bits"),
        ((ED25519,), Verdict.GOOD, "Ed25519"),
        ((rsa_record(1024),), Verdict.IMPROVE, "1024"),
        ((rsa_record(768),), Verdict.FIX, "768"),
        ((rsa_record(2048, "t=y; "),), Verdict.IMPROVE, "t=y"),
        ((rsa_record(2048, "t=s; "),), Verdict.GOOD, "2048"),
        ((REVOKED,), Verdict.NOT_USED, "revoked"),
        (("p=",), Verdict.NOT_USED, "revoked"),
        ((LONG, ED25519), Verdict.FIX, "2 records"),
        (("v=DKIM1; k=rsa",), Verdict.FIX, "no key"),
        (("v=DKIM2; p=AAAA",), Verdict.FIX, "version"),
        (("v=DKIM1; k=dsa; p=AAAA",), Verdict.FIX, "algorithm"),
        (("v=DKIM1; p=!!!!",), Verdict.FIX, "base64"),
        (("v=DKIM1; p=AAAA",), Verdict.FIX, "cannot be read"),
        (("v=DKIM1; k=ed25519; p=AAAA",), Verdict.FIX, "octets"),
        (("v=DKIM1; h=sha1; p=AAAA",), Verdict.FIX, "SHA-256"),
        (("v=DKIM1; n=" + "x" * 5000 + "; p=AAAA",), Verdict.FIX, "too long"),
    ],
)
def test_a_key_is_graded(records: tuple[str, ...], verdict: Verdict, words: str) -> None:
    found = judged(*records)["DKIM key s1"]
    assert (found.verdict, words in found.found) == (verdict, True), found


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ((LONG,), Verdict.GOOD),
        ((REVOKED,), Verdict.UNKNOWN),
        (("v=DKIM1; p=!!!!",), Verdict.FIX),
        ((), Verdict.UNKNOWN),
    ],
)
def test_what_is_said_of_all(records: tuple[str, ...], verdict: Verdict) -> None:
    assert judged(*records)["DKIM"].verdict is verdict


def test_nothing_found_is_never_bad_and_says_what_was_not_answered() -> None:
    look = judge_keys({"s1": NotFound(), "s2": Unknown("a time-out")}, NotFound(), ())
    (found,) = look.findings
    assert (found.verdict, look.found) == (Verdict.UNKNOWN, ())
    assert "To 1 of the questions the DNS did not answer." in found.found


def test_what_stands_under_every_name_is_no_key_of_the_guessed_ones() -> None:
    spf = "v=spf1 -all"
    assert set(judged(spf, nobodys=Found((spf,)))) == {"DKIM"}
    assert set(judged(spf)) == {"DKIM"}, "no key that went wrong"
    everywhere = judged(REVOKED, nobodys=Found((REVOKED,)))
    assert set(everywhere) == {"DKIM"}
    assert everywhere["DKIM"].verdict is Verdict.NOT_USED
    assert set(judged(LONG, nobodys=Found((LONG,)))) == {"DKIM"}
    assert set(judged(LONG, nobodys=Found((LONG,)), known=("s1",))) == {"DKIM", "DKIM key s1"}


def test_a_guess_is_no_key_while_nobody_can_tell_whether_it_stands_under_every_name() -> None:
    unknown = Unknown("a time-out")
    whole = judged(LONG, nobodys=unknown)
    assert set(whole) == {"DKIM"}
    assert (whole["DKIM"].verdict, "DNS did not answer" in whole["DKIM"].found) == (Verdict.UNKNOWN, True)
    assert judged(LONG, nobodys=unknown, known=("s1",))["DKIM"].verdict is Verdict.GOOD


class Dns:
    def __init__(self, stalls: bool = False) -> None:
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self._stalls = stalls

    async def answer(self, question: Question) -> Answer:
        assert isinstance(question, DnsQuestion)
        self.asked.append(question.name)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0)
        if self._stalls and not question.name.startswith("mine."):
            await asyncio.Event().wait()
        self.at_once -= 1
        return Found((LONG,)) if question.name.startswith("mine.") else NotFound()


async def test_the_dns_of_others_is_asked_within_a_budget() -> None:
    dns = Dns()
    look = await look_at_keys("a.example", ["mine", "mine", *(f"n{n}" for n in range(500))], dns, 5.0)
    assert look.found == ("mine",)
    assert len(dns.asked) == len(set(dns.asked)) <= 20 + len(WELL_KNOWN) + 1
    assert dns.most_at_once <= 8


async def test_a_server_that_stalls_hides_no_key_that_was_found() -> None:
    look = await look_at_keys("a.example", ["mine"], Dns(stalls=True), 0.05)
    assert look.found == ("mine",)
    assert look.findings[0].verdict is Verdict.GOOD


def test_selectors_of_proved_signatures_alone_count() -> None:
    def signed(result: AuthResult, selector: str) -> DkimEvidence:
        return DkimEvidence(result, "A.example", selector, "@a.example", "")

    evidence = [signed(AuthResult.PASS, "S1"), signed(AuthResult.PASS, "s1"), signed(AuthResult.FAIL, "s2")]
    assert list(selectors_in([*evidence, signed(AuthResult.PASS, "a b")])) == [("a.example", "s1")]


@pytest.mark.parametrize(
    "text", ["", " ", ".", "a.", ".a", "a..b", "-a", "a-", "a/b", "a\n", "é", "x" * 64, "a b", "*"]
)
def test_what_is_no_selector(text: str) -> None:
    assert proper_selector(text.replace("\n", "\x00")) == ""
    assert isinstance(named_selectors(["a!"]), BadInput)


def test_what_people_type_is_read() -> None:
    assert named_selectors([" S1, s2;s1\n", "20230601", "fm1._x"]) == ("s1", "s2", "20230601", "fm1._x")
    assert named_selectors([]) == named_selectors(["  "]) == ()
    assert isinstance(named_selectors([" ".join(f"s{n}" for n in range(11))]), BadInput)


@given(st.lists(st.text(max_size=60), max_size=3))
def test_whatever_a_record_says_it_is_judged(records: list[str]) -> None:
    look = judge_keys({"s1": Found(tuple(records))}, NotFound(), ())
    assert isinstance(look, KeyLook)
    assert look.findings[0].check == "DKIM"

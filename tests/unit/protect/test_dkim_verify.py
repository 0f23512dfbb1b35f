"""DKIM verification: what others sign is accepted, and every reason why a signature proves nothing is told."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.signatures import (
    BODY,
    DOMAIN,
    HEAD,
    MESSAGE,
    NOW,
    OwnKey,
    ed25519_record,
    rsa_pem,
    rsa_record,
    signed,
    signed_as_written,
    verified,
    zone,
)  # fmt: skip

from wardmail.model.sender import AuthResult, DkimEvidence
from wardmail.protect import dkim
from wardmail.protect.dkim_verify import MOST_JUDGED, MOST_NOTED, MOST_PASSES
from wardmail.protocol.raw_message import split_message

PASS, FAIL, POLICY = AuthResult.PASS, AuthResult.FAIL, AuthResult.POLICY
PERMERROR, TEMPERROR = AuthResult.PERMERROR, AuthResult.TEMPERROR
FORMS = [(header, body) for header in (b"simple", b"relaxed") for body in (b"simple", b"relaxed")]
BODIES = [BODY, b"", b"\r\n", b"\r\n\r\n", b" \r\n\t\r\n", b"x", b"x \r\n", b"x\r\r\n\r\n", b"z" * 600_000]
KEY = "s1._domainkey.sender.example"


def one(message: bytes, records: dict[str, Any] | None = None, **wishes: Any) -> DkimEvidence:
    (evidence,) = verified(message, zone(records), **wishes)
    return evidence


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("algorithm", ["rsa-sha256", "ed25519-sha256"])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_what_dkimpy_signs_is_accepted(form: tuple[bytes, bytes], algorithm: str, body: bytes) -> None:
    evidence = one(signed(HEAD + b"\r\n" + body, algorithm, canonicalize=form))
    assert evidence.result is PASS, evidence
    assert (evidence.domain, evidence.identity, evidence.algorithm) == (DOMAIN, f"@{DOMAIN}", algorithm)
    assert evidence.whole_body
    assert not evidence.testing


CHANGES = [
    (b"billing@", b"boss@"),
    (b"Hello", b"Hallo"),
    (b"end\r\n", b"end\r\nappended\r\n"),
    (b"Message-ID:", b"From: evil@evil.example\r\nMessage-ID:"),
    (b"Message-ID:", b"From : evil@evil.example\r\nMessage-ID:"),
    (b"Message-ID:", b"fROM: evil@evil.example\r\nMessage-ID:"),
    (b"Message-ID:", b"Subject: another\r\nMessage-ID:"),
    (b"Received:", b"From: evil@evil.example\r\nReceived:"),
]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_a_change_that_matters_breaks_it(form: tuple[bytes, bytes], before: bytes, after: bytes) -> None:
    message = signed(canonicalize=form)
    changed = message.replace(before, after) if before != b"Received:" else message.replace(before, after, 1)
    assert changed != message
    assert one(changed).result is FAIL


@pytest.mark.parametrize(("form", "survives"), [(FORMS[3], True), (FORMS[0], False)], ids=["relaxed", "simple"])
def test_refolding_and_spacing(form: tuple[bytes, bytes], survives: bool) -> None:
    message = signed(canonicalize=form).replace(b"\r\nTo:  a@b.example,\r\n\tc", b"\r\ntO : a@b.example, c")
    assert one(message).result is (PASS if survives else FAIL)


def test_rsa_sha1_proves_nothing() -> None:
    evidence = one(signed(algorithm="rsa-sha1"))
    assert evidence.result is POLICY
    assert "rsa-sha1" in evidence.reason


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a key that nobody should use")
def test_a_short_key_proves_nothing() -> None:
    short = subprocess.run(["openssl", "genrsa", "-traditional", "768"], capture_output=True, check=True).stdout
    evidence = one(signed(pem=short), {KEY: rsa_record(short)})
    assert evidence.result is POLICY
    assert "768 bits" in evidence.reason


def test_1024_bits_are_enough_and_a_bare_key_can_be_read() -> None:
    small = rsa_pem(1024)
    assert one(signed(pem=small), {KEY: rsa_record(small)}).result is PASS
    assert one(signed(), {KEY: rsa_record(bare=True)}).result is PASS


@pytest.mark.parametrize(("e", "bits"), [(65537, 9000), (2**80 + 1, 2048)], ids=["modulus", "exponent"])
def test_a_key_made_to_cost_time_is_not_tried(e: int, bits: int) -> None:
    der = RSAPublicNumbers(e, 2**bits - 1).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    evidence = one(signed(), {KEY: f"v=DKIM1; p={base64.b64encode(der).decode()}"})
    assert evidence.result is POLICY
    assert "larger" in evidence.reason


def test_l_is_reported_and_never_trusted() -> None:
    message = signed(length=True)
    exact = one(message)
    assert (exact.result, exact.whole_body) == (PASS, True)
    assert "covers the body" in exact.reason
    appended = one(message + b"<b>appended</b>\r\n")
    assert appended.result is PASS
    assert not appended.whole_body
    assert "octets of the body unsigned" in appended.reason
    assert one(message[:-20]).result is FAIL


@pytest.mark.parametrize(
    ("records", "result", "words"),
    [
        ({KEY: "TIMEOUT"}, TEMPERROR, "no answer"),
        ({KEY: []}, PERMERROR, "no key is published"),
        ({KEY: "v=DKIM1; k=rsa; p="}, PERMERROR, "revoked"),
        ({KEY: "v=DKIM1; k=rsa; p= ; n=gone"}, PERMERROR, "revoked"),
        ({KEY: "v=DKIM2; p=AAAA"}, PERMERROR, "version"),
        ({KEY: "k=rsa; v=DKIM1; p=AAAA"}, PERMERROR, "version"),
        ({KEY: "v=DKIM1; k=rsa; p=!!!"}, PERMERROR, "base64"),
        ({KEY: "v=DKIM1; k=rsa; p=AAAA"}, PERMERROR, "cannot be read"),
        ({KEY: "v=DKIM1; k=rsa"}, PERMERROR, "no key"),
        ({KEY: "v=spf1 -all"}, PERMERROR, "version"),
        ({KEY: "hello"}, PERMERROR, "cannot be read"),
        ({KEY: ed25519_record()}, PERMERROR, "another kind"),
        ({KEY: rsa_record(tags="v=DKIM1; h=sha1;")}, PERMERROR, "SHA-256"),
        ({KEY: rsa_record(tags="v=DKIM1; h=sha1 : sha256;")}, PASS, ""),
        ({KEY: rsa_record(tags="v=DKIM1; s=tlsrpt;")}, PERMERROR, "not for e-mail"),
        ({KEY: rsa_record(tags="v=DKIM1; s=tlsrpt:email;")}, PASS, ""),
        ({KEY: rsa_record(tags="v=DKIM1; p=x;")}, PERMERROR, "twice"),
        ({KEY: rsa_record(tags="")}, PASS, ""),
        ({KEY: rsa_record(tags="g=*; n=note; unknown=1;")}, PASS, ""),
        ({KEY: rsa_record(rsa_pem(1024))}, FAIL, "does not fit"),
        ({KEY: [ed25519_record(), "v=spf1 -all", rsa_record()]}, PASS, ""),
        ({KEY: [rsa_record(rsa_pem(1024)), rsa_record()]}, PASS, ""),
        ({KEY: rsa_record(tags="v=DKIM1; t=s;")}, PASS, ""),
    ],
)  # fmt: skip
def test_key_records(records: dict[str, Any], result: AuthResult, words: str) -> None:
    evidence = one(signed(), records)
    assert evidence.result is result, evidence
    assert words in evidence.reason


@pytest.mark.parametrize("p", ["AAAA", ed25519_record().rpartition("p=")[2][:-4], rsa_record().rpartition("p=")[2]])
def test_an_ed25519_key_has_32_octets(p: str) -> None:
    evidence = one(signed(algorithm="ed25519-sha256"), {"ed._domainkey.sender.example": f"k=ed25519; p={p}"})
    assert evidence.result is PERMERROR


def test_flags_of_a_key() -> None:
    below = signed(identity=b"billing@app.sender.example")
    assert one(below).result is PASS
    strict = one(below, {KEY: rsa_record(tags="v=DKIM1; t=y:s;")})
    assert strict.result is PERMERROR
    assert "t=s" in strict.reason
    testing = one(signed(), {KEY: rsa_record(tags="v=DKIM1; t=y;")})
    assert (testing.result, testing.testing) == (PASS, True)
    assert "testing" in testing.reason


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"v=1;", b"v=2;", "version"),
        (b"v=1;", b"", "version"),
        (b"v=1;", b"v=1; v=1;", "twice"),
        (b"v=1;", b"v=1;; ", "cannot be read"),
        (b"v=1;", b"v=1; 9x=1;", "cannot be read"),
        (b"v=1;", b"v=1; \xff=1;", "cannot be read"),
        (b"a=rsa-sha256;", b"", "a="),
        (b"a=rsa-sha256;", b"a=rsa-sha512;", "algorithm"),
        (b"c=relaxed/relaxed;", b"c=nofws/simple;", "canonical"),
        (b"d=sender.example;", b"d=sender..example;", "no name"),
        (b"d=sender.example;", b"d=;", "d="),
        (b"d=sender.example;", b"i=x@other.example; d=sender.example;", "i="),
        (b"d=sender.example;", b"i=x@notsender.example; d=sender.example;", "i="),
        (b"i=@sender.example;", b"i=sender.example;", "i="),
        (b"s=s1;", b"", "s="),
        (b"q=dns/txt;", b"q=web;", "published"),
        (b"s=s1;", b"s=s1; l=-1;", "l="),
        (b"s=s1;", b"s=s1; t=soon;", "t="),
        (b"s=s1;", b"s=s1; t=20; x=10;", "ends before"),
        (b"h=from :", b"h=x-from :", "does not sign From"),
        (b"bh=", b"bh=*", "bh="),
        (b" b=", b" b=*", "b="),
    ],
)
def test_a_malformed_signature_is_a_permanent_error(before: bytes, after: bytes, words: str) -> None:
    message = signed(include_headers=[b"From", b"To"]).replace(b" t=", b" n=", 1)
    assert before in message
    evidence = one(message.replace(before, after, 1))
    assert evidence.result is PERMERROR, evidence
    assert words in evidence.reason


def test_an_internationalised_domain_is_asked_for_in_a_labels() -> None:
    message = signed(domain="b\u00fccher.example".encode())
    evidence = one(message, {"s1._domainkey.xn--bcher-kva.example": rsa_record(tags="t=s;")})
    assert evidence.result is PASS, evidence
    assert (evidence.domain, evidence.identity) == ("xn--bcher-kva.example", "@xn--bcher-kva.example")
    assert not evidence.testing
    assert one(signed(domain=b"\xff.example")).result is PERMERROR


def test_expiry_is_judged_by_the_clock_that_is_given() -> None:
    message = signed().replace(b" t=", b" x=%d; t=" % int(NOW), 1).replace(b" t=", b" n=", 1)
    assert "expired" in one(message, now=NOW + 1).reason
    assert "does not fit" in one(message, now=NOW).reason  # x= was added, so the signature is broken


def test_a_bad_signature_does_not_hide_a_good_one() -> None:
    good = signed()
    broken = signed(b"X-Other: y\r\n" + MESSAGE.replace(b"Hello", b"Hallo"))
    first = broken[: broken.index(b"X-Other")]
    assert [each.result for each in verified(first + good)] == [FAIL, PASS]
    assert [each.result for each in verified(b"DKIM-Signature: nonsense\r\n" + good)] == [PERMERROR, PASS]


def test_signatures_have_a_budget_and_the_authors_own_go_first() -> None:
    field = signed()[: -len(MESSAGE)]
    many = verified(field * 100 + MESSAGE)
    assert [each.result for each in many] == [PASS] * MOST_PASSES + [POLICY] * (MOST_NOTED - MOST_PASSES)
    foreign = signed(domain=b"other.example")[: -len(MESSAGE)]
    names = zone({"s1._domainkey.other.example": rsa_record(rsa_pem(1024))})
    last = verified(foreign * 15 + field + MESSAGE, names, prefer=("app.sender.example",))
    assert last[15].result is PASS
    assert sum(each.result is FAIL for each in last) == MOST_JUDGED - 1
    assert len(names.asked) == MOST_JUDGED


def test_a_message_without_signatures_or_header() -> None:
    for message in (MESSAGE, b"", b"\r\n", b"\r\nbody", b"no colon", b"\0" * 100):
        assert verified(message) == ()


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "ed25519-sha256"])
def test_our_own_signatures(algorithm: str) -> None:
    key = OwnKey(algorithm)
    split = split_message(MESSAGE)
    hashing = dkim.RelaxedBodyHash()
    hashing.update(MESSAGE[split.body_start :])
    message = dkim.sign(key, split.fields, hashing.digest(), now=NOW, expires=NOW + 60) + MESSAGE
    assert one(message).result is PASS
    assert one(message, now=NOW + 61).result is FAIL
    assert one(message.replace(b"Message-ID:", b"Reply-To: evil@evil.example\r\nMessage-ID:")).result is FAIL


def test_a_signature_is_never_among_those_it_signs() -> None:
    """RFC 6376 section 3.5: DKIM-Signature in h= means others', so one name more says that no further was there."""
    author = next(raw for name, raw in split_message(MESSAGE).fields if name == b"from")
    once = signed_as_written(MESSAGE, b"From:DKIM-Signature", [author])
    assert one(once).result is PASS
    first = once[: -len(MESSAGE)]
    twice = signed_as_written(once, b"From:DKIM-Signature:DKIM-Signature", [author, first])
    assert [each.result for each in verified(twice)] == [PASS, FAIL]
    added = twice.replace(b"Received:", b"DKIM-Signature: v=1; d=other.example\r\nReceived:")
    assert verified(added)[0].result is FAIL


@pytest.mark.parametrize("names", [b"From:", b":From", b"From::To", b"From:T o"])
def test_what_is_no_name_of_a_field_cannot_be_signed(names: bytes) -> None:
    message = re.sub(rb"h=[^;]*;", b"h=" + names + b";", signed(), count=1)
    (found,) = verified(message)
    assert found.result is PERMERROR
    assert "no name of a field" in found.reason

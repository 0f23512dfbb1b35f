"""Who sent it, and may a signature in it be accepted? Yes, no, or nobody can tell yet (SHARE-16)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.sealing import HOPS, KEYS, sealed
from tests.signatures import MESSAGE, NOW, signed, zone
from tests.zones import Zone
from wardmail.inbound.sender import SenderTerms, prove_sender
from wardmail.inbound.trusted import NOBODY, Trusted
from wardmail.model.question import Answer, Question
from wardmail.model.sender import Acceptable, AuthResult, DmarcPolicy, SenderEvidence, Sending
from wardmail.model.standing import Profile, Standing, StandingAnswer
from wardmail.protocol.raw_message import split_message

PASS, FAIL, NONE = AuthResult.PASS, AuthResult.FAIL, AuthResult.NONE
YES, NO, CANNOT_TELL = Acceptable.YES, Acceptable.NO, Acceptable.CANNOT_TELL
POLICY = {"_dmarc.sender.example": "v=DMARC1; p=reject"}
SENDING = Sending("192.0.2.1", "mail.sender.example", "bounce@sender.example")
COLLECTED = Sending()
SPF = {"sender.example": "v=spf1 ip4:192.0.2.1 -all"}


class _Dns:
    def __init__(self, names: Zone) -> None:
        self._names = names

    async def answer(self, question: Question) -> Answer:
        await asyncio.sleep(0)
        return self._names.answer(question)


def standing(domain: str) -> StandingAnswer:
    secure = domain in ("sender.example", "other.example")
    return StandingAnswer(
        Standing.SECURE if secure else Standing.UNKNOWN, Profile.HEALTH_AND_CARE, "the list says so", "list"
    )


def proved(
    message: bytes, records: dict[str, Any] | None = None, sending: Sending = COLLECTED, trusted: Trusted = NOBODY
) -> SenderEvidence:
    terms = SenderTerms(NOW, standing, "mx.example", trusted)
    dns = _Dns(zone(POLICY | (records or {})))
    return asyncio.run(prove_sender(split_message(message), sending, terms, dns))


def test_a_proved_sender_at_a_secure_domain() -> None:
    evidence = proved(signed())
    assert evidence.signature_acceptable is YES
    assert evidence.dmarc.result is PASS
    assert evidence.authors == ("billing@sender.example",)
    assert evidence.spf.result is NONE
    assert evidence.iprev is NONE
    assert len(evidence.reasons) == 2


def test_spf_alone_can_prove_it() -> None:
    evidence = proved(MESSAGE, SPF, SENDING)
    assert (evidence.spf.result, evidence.signature_acceptable) == (PASS, YES)
    assert proved(MESSAGE, SPF, Sending("192.0.2.2", "x", "a@sender.example")).signature_acceptable is NO


@pytest.mark.parametrize("mail_from", ["<bounce@sender.example>", " bounce@SENDER.example ", "a@b@sender.example"])
def test_how_an_envelope_sender_may_be_written(mail_from: str) -> None:
    assert proved(MESSAGE, SPF, Sending("192.0.2.1", "x", mail_from)).spf.result is PASS


def test_the_null_sender_is_judged_by_helo() -> None:
    evidence = proved(MESSAGE, SPF, Sending("192.0.2.1", "sender.example", "<>"))
    assert (evidence.spf.result, evidence.spf.identity) == (PASS, "helo")


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (MESSAGE, "DMARC fails"),
        (signed().replace(b"Hello", b"Hallo"), "DMARC fails"),
        (signed(length=True) + b"appended", "DMARC fails"),
        (signed(MESSAGE.replace(b"billing@sender", b"billing@stranger")), "not known to be secure"),
        (MESSAGE.replace(b"From:", b"Fram:"), "no From"),
        (MESSAGE.replace(b"From:", b"From: a@other.example\r\nFrom:"), "2 From fields"),
        (b"X: y\nFrom: boss@other.example\r\n" + signed(), "bare"),
        (b"no field\r\n" + signed(), "no header field"),
        (signed(MESSAGE.replace(b'"Billing" <', b"boss@other.example <")), "more than one way"),
    ],
)
def test_reasons_why_not(message: bytes, word: str) -> None:
    evidence = proved(message)
    assert evidence.signature_acceptable is NO
    assert any(word in reason for reason in evidence.reasons), evidence.reasons


@pytest.mark.parametrize("silent", ["_dmarc.sender.example", "s1._domainkey.sender.example"])
def test_silence_of_the_dns_is_no_no(silent: str) -> None:
    evidence = proved(signed(), {silent: "TIMEOUT"})
    assert evidence.signature_acceptable is CANNOT_TELL
    assert evidence.dmarc.result is AuthResult.TEMPERROR
    assert evidence.dmarc.disposition is DmarcPolicy.NONE


def test_a_resolver_that_never_answers_is_not_waited_for() -> None:
    class Never:
        async def answer(self, question: Question) -> Answer:
            await asyncio.Event().wait()
            raise AssertionError(question)

    terms = SenderTerms(NOW, standing)
    evidence = asyncio.run(prove_sender(split_message(signed()), SENDING, terms, Never(), seconds=0.05))
    assert evidence.signature_acceptable is CANNOT_TELL
    assert {evidence.spf.result, evidence.iprev, evidence.dkim[0].result} == {AuthResult.TEMPERROR}


SEALERS = Trusted(sealers=frozenset(HOPS[1:]))
CHANGED = signed().replace(b"Hello", b"[list] Hello")


@pytest.mark.parametrize(
    ("message", "trusted", "disposition"),
    [
        (sealed(CHANGED, HOPS[1], 1), SEALERS, DmarcPolicy.NONE),
        (sealed(sealed(CHANGED, HOPS[0], 1), HOPS[1], 2), SEALERS, DmarcPolicy.NONE),
        (sealed(sealed(CHANGED, HOPS[1], 1), HOPS[2], 2, dmarc="fail"), SEALERS, DmarcPolicy.NONE),
        (sealed(sealed(CHANGED, HOPS[1], 1), HOPS[0], 2), SEALERS, DmarcPolicy.REJECT),
        (sealed(sealed(CHANGED, HOPS[0], 1), HOPS[1], 2, dmarc="fail"), SEALERS, DmarcPolicy.REJECT),
        (sealed(CHANGED, HOPS[1], 1, dmarc="fail"), SEALERS, DmarcPolicy.REJECT),
        (sealed(CHANGED, HOPS[1], 1).replace(b"[list]", b"[evil]"), SEALERS, DmarcPolicy.REJECT),
        (sealed(CHANGED, HOPS[1], 1), NOBODY, DmarcPolicy.REJECT),
    ],
)
def test_a_trusted_sealer_stays_the_domains_policy_but_proves_no_signature(
    message: bytes, trusted: Trusted, disposition: DmarcPolicy
) -> None:
    evidence = proved(message, KEYS, trusted=trusted)
    assert evidence.dmarc.result is FAIL
    assert evidence.dmarc.disposition is disposition
    assert evidence.signature_acceptable is NO


HOP = Trusted(hop="hop.example")
SEEN = (
    b"Authentication-Results: hop.example; spf=pass smtp.mailfrom=sender.example;\r\n"
    b" dkim=pass header.d=sender.example header.s=s1; %b\r\n"
)


def test_the_verdicts_of_a_named_hop() -> None:
    changed = MESSAGE.replace(b"Hello", b"[scanned] Hello")
    seen = SEEN % b"dmarc=pass header.from=sender.example" + changed
    evidence = proved(seen, trusted=HOP)
    assert evidence.trusted_hop == "hop.example"
    assert evidence.signature_acceptable is YES
    assert (evidence.spf.domain, evidence.dkim[0].domain) == ("sender.example", "sender.example")
    assert proved(seen).signature_acceptable is NO
    assert proved(b"X: y\r\n" + seen, trusted=Trusted(hop="other.example")).trusted_hop == ""


@pytest.mark.parametrize(
    ("dmarc", "result"),
    [
        (b"dmarc=pass header.from=nhs.net", PASS),
        (b"dmarc=bestguesspass header.from=sender.example", PASS),
        (b"iprev=fail", PASS),
    ],
)
def test_what_a_hop_did_not_say_of_this_author_is_judged_by_what_it_found(dmarc: bytes, result: AuthResult) -> None:
    evidence = proved(SEEN % dmarc + MESSAGE, trusted=HOP)
    assert evidence.dmarc.result is result
    assert evidence.dmarc.policy is DmarcPolicy.REJECT


def test_a_hops_pass_is_for_the_one_author_it_names() -> None:
    seen = b"Authentication-Results: hop.example; dmarc=pass header.from=sender.example\r\n"
    assert proved(seen + MESSAGE, trusted=HOP).signature_acceptable is YES
    two = MESSAGE.replace(b"From: ", b"From: a@other.example, ")
    assert proved(seen + two, trusted=HOP).signature_acceptable is NO


def test_a_hop_may_name_the_identity_only() -> None:
    seen = (
        b"Authentication-Results: hop.example; dkim=pass header.i=x@sender.example; iprev=pass; spf=odd smtp.helo=h\r\n"
    )
    evidence = proved(seen + MESSAGE, trusted=HOP)
    (signature,) = evidence.dkim
    assert (signature.domain, signature.identity) == ("sender.example", "x@sender.example")
    assert (evidence.spf.identity, evidence.spf.domain, evidence.spf.result) == ("helo", "h", AuthResult.NEUTRAL)
    assert evidence.iprev is PASS
    assert evidence.signature_acceptable is YES


def test_a_hop_that_found_nothing_good() -> None:
    seen = b"Authentication-Results: hop.example; spf=softfail smtp.mailfrom=x.example; dmarc=fail\r\n" + signed()
    evidence = proved(seen, trusted=HOP)
    assert (evidence.dmarc.result, evidence.dmarc.disposition) == (FAIL, DmarcPolicy.REJECT)

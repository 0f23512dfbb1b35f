"""ARC chains that the tests seal and dkimpy validates too: the two must agree on every one, whole or broken."""

from __future__ import annotations

from typing import Any

import dkim as dkimpy
import pytest
from tests.sealing import HOPS, KEYS, sealed
from tests.signatures import MESSAGE, rsa_pem, rsa_record, zone
from tests.zones import Zone, ask

from wardmail.model.sender import ArcEvidence, AuthResult
from wardmail.protect.arc import verify_arc
from wardmail.protect.arc_sets import LARGEST, MOST_SETS
from wardmail.protect.body_hash import BodyHashes
from wardmail.protocol.raw_message import split_message

THREE = sealed(sealed(sealed(MESSAGE, HOPS[0], 1), HOPS[1], 2), HOPS[2], 3)


def found(message: bytes, records: dict[str, Any] | None = None) -> tuple[ArcEvidence, Zone]:
    split = split_message(message)
    names = zone(KEYS | (records or {}))
    return ask(verify_arc(split.fields, BodyHashes(split.octets, split.body_start)), names), names


def by_dkimpy(message: bytes) -> str:
    names = {f"{name}.".encode(): text.encode() for name, text in KEYS.items()}
    result = dkimpy.arc_verify(message, dnsfunc=lambda name, timeout=5: names.get(name, b""))[0]
    return (result or b"none").decode()


def test_a_whole_chain() -> None:
    evidence, names = found(THREE)
    assert evidence.result is AuthResult.PASS
    assert evidence.sealers == HOPS
    assert by_dkimpy(THREE) == "pass"
    assert len(names.asked) == len(HOPS) + 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Hello", b"Hallo"),
        (b"Your  invoice", b"Your refund"),
        (b"i=1; one.example; dmarc=pass", b"i=1; one.example; dmarc=fail"),
        (b"i=2; two.example; dmarc=pass", b"i=2; two.example; dmarc=fail"),
        (b"cv=none", b"cv=pass"),
        (b"i=2; cv=pass", b"i=2; cv=none"),
        (b"i=3; cv=pass", b"i=3; cv=fail"),
        (b"ARC-Seal: i=2", b"ARC-Seal: i=4"),
        (b"ARC-Seal: i=2", b"X-Seal: i=2"),
        (b"ARC-Message-Signature: i=1", b"X: i=1"),
        (b"ARC-Authentication-Results: i=3", b"ARC-Authentication-Results: 3"),
        (b"ARC-Seal: i=1;", b"ARC-Seal: i=1; h=from;"),
        (b"ARC-Seal: i=1;", b"ARC-Seal: i=1; bh=AAAA;"),
        (b"ARC-Message-Signature: i=3;", b"ARC-Message-Signature: i=3; l=2;"),
        (b"a=rsa-sha256", b"a=rsa-sha1"),
    ],
)
def test_a_broken_chain(before: bytes, after: bytes) -> None:
    broken = THREE.replace(before, after, 1)
    assert broken != THREE
    evidence, _ = found(broken)
    assert evidence.result in (AuthResult.FAIL, AuthResult.NONE), evidence
    assert by_dkimpy(broken) != "pass"


def test_who_passes_it_on_may_change_it_and_seal_that() -> None:
    one = sealed(MESSAGE, HOPS[0], 1).replace(b"Hello", b"[list] Hello")
    assert found(one)[0].result is AuthResult.FAIL
    assert found(sealed(one, HOPS[1], 2))[0].result is AuthResult.PASS


def test_a_chain_that_was_given_up_is_none_and_says_so() -> None:
    given_up = sealed(sealed(MESSAGE, HOPS[0], 1), HOPS[1], 2, said="fail")
    evidence, _ = found(given_up)
    assert evidence.result is AuthResult.NONE
    assert "broken before it" in evidence.reason


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("TIMEOUT", AuthResult.TEMPERROR),
        (rsa_record(rsa_pem()), AuthResult.FAIL),
        ("v=DKIM1; p=", AuthResult.FAIL),
    ],
)
@pytest.mark.parametrize("hop", [0, 2])
def test_keys_that_are_not_there(hop: int, text: str, result: AuthResult) -> None:
    evidence, _ = found(THREE, {f"s1._domainkey.{HOPS[hop]}": text})
    assert evidence.result is result
    assert evidence.sealers == HOPS


def test_chains_have_a_budget() -> None:
    long = MESSAGE
    for instance in range(1, MOST_SETS + 1):
        long = sealed(long, HOPS[instance % 3], instance)
    assert found(long)[0].result is AuthResult.PASS
    assert found(sealed(long, HOPS[0], MOST_SETS + 1))[0].result is AuthResult.FAIL
    heavy = THREE.replace(b"i=2; two.example;", b"i=2; two.example; x=" + b"x" * LARGEST + b";")
    evidence, names = found(heavy)
    assert evidence.result is AuthResult.FAIL
    assert not names.asked


def test_a_message_without_arc_fields() -> None:
    assert found(MESSAGE)[0].result is AuthResult.NONE


def test_a_set_that_signed_more_body_than_there_is() -> None:
    evidence, _ = found(THREE.replace(b"ARC-Message-Signature: i=3;", b"ARC-Message-Signature: i=3; l=9999;"))
    assert evidence.result is AuthResult.FAIL
    assert "shorter" in evidence.reason

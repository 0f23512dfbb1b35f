"""Validates the ARC chain of a message: did each who passed it on seal what it had got? (RFC 8617 section 5.2)"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from wardmail.model.question import Answer, Question
from wardmail.model.sender import ArcEvidence, AuthResult
from wardmail.protect.arc_sets import ArcSet, BrokenChain, arc_sets
from wardmail.protect.body_hash import BodyHashes
from wardmail.protect.dkim import Fields
from wardmail.protect.dkim_signature import (
    KNOWN_ALGORITHMS,
    BadSignature,
    Signature,
    read_message_signature,
    read_seal,
)
from wardmail.protect.dkim_verify import find_key, signed_header


def verify_arc(fields: Fields, body: BodyHashes) -> Generator[Question, Answer, ArcEvidence]:
    """NONE also where a seal itself says cv=fail: nothing can be built on such a chain, whatever else holds."""
    sealers: tuple[str, ...] = ()
    try:
        sets = arc_sets(fields)
        if not sets:
            return ArcEvidence(AuthResult.NONE, (), "the message has no ARC fields")
        sealers = tuple(each.sealer for each in sets)
        message = _message_signature(sets[-1])
        seals = [_seal(each) for each in sets]
        given_up = _said_of_the_past(sets)
    except (BrokenChain, BadSignature) as error:
        return ArcEvidence(AuthResult.FAIL, sealers, _capital(error))
    result, reason = yield from _verify_message(message, fields, body)
    if result is AuthResult.PASS and given_up:
        return ArcEvidence(AuthResult.NONE, sealers, given_up)
    if result is AuthResult.PASS:
        result, reason = yield from _verify_seals(sets, seals)
    return ArcEvidence(result, sealers, reason)


def expect_arc(fields: Fields, body: BodyHashes) -> None:
    """Tells `body` beforehand what `verify_arc` will ask it for."""
    try:
        sets = arc_sets(fields)
        if sets:
            newest = _message_signature(sets[-1])
            body.expect(relaxed=newest.relaxed_body, limit=newest.limit)
    except (BrokenChain, BadSignature):
        return


def _message_signature(newest: ArcSet) -> Signature:
    signature = read_message_signature(newest.message, newest.message_tags)
    _check_algorithm(signature)
    if b"arc-seal" in signature.signed:
        raise BadSignature("an ARC-Message-Signature may not sign seals")
    return signature


def _seal(each: ArcSet) -> Signature:
    signature = read_seal(each.seal, each.seal_tags)
    _check_algorithm(signature)
    return signature


def _check_algorithm(signature: Signature) -> None:
    if signature.algorithm not in KNOWN_ALGORITHMS:
        raise BadSignature("its algorithm proves nothing")


def _said_of_the_past(sets: Sequence[ArcSet]) -> str:
    """What each seal says of the chain before it must be so; the words are for a chain that was given up on the way."""
    said = [each.seal_tags.get("cv", "") for each in sets]
    if "fail" in said:
        return f"seal {said.index('fail') + 1} says that the chain was broken before it"
    if said != ["none"] + ["pass"] * (len(sets) - 1):
        raise BrokenChain("a seal says something impossible about the chain before it (cv=)")
    return ""


def _verify_message(
    signature: Signature, fields: Fields, body: BodyHashes
) -> Generator[Question, Answer, tuple[AuthResult, str]]:
    hashed = body.of(relaxed=signature.relaxed_body, limit=signature.limit)
    if signature.limit is not None and signature.limit > hashed.length:
        return AuthResult.FAIL, "The body is shorter than what the newest set signed (l=)."
    if hashed.digest != signature.body_hash:
        return AuthResult.FAIL, "The body has been changed since the newest set."
    if hashed.hashed != hashed.length:
        return AuthResult.FAIL, "The newest set leaves a part of the body unsigned (l=)."
    header = signed_header(fields, signature)
    found = yield from find_key(signature, header + signature.itself)
    return _in_words(found.result, f"ARC-Message-Signature of {signature.domain}: {found.reason}.")


def _verify_seals(
    sets: Sequence[ArcSet], seals: Sequence[Signature]
) -> Generator[Question, Answer, tuple[AuthResult, str]]:
    before = b""
    for each, seal in zip(sets, seals, strict=True):
        found = yield from find_key(seal, before + each.unsealed + seal.itself)
        if found.result is not AuthResult.PASS:
            return _in_words(found.result, f"ARC-Seal of {seal.domain}: {found.reason}.")
        before += each.canonical
    names = ", ".join(seal.domain for seal in seals)
    return AuthResult.PASS, f"Sealed by {names}."


def _in_words(result: AuthResult, reason: str) -> tuple[AuthResult, str]:
    """A chain is whole or not (cv=); only what the DNS would not say stays open."""
    known = result if result in (AuthResult.PASS, AuthResult.TEMPERROR) else AuthResult.FAIL
    return known, reason


def _capital(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."

"""No byte of what was signed can change unnoticed, bodies are hashed as others hash them, and nothing makes it raise."""

from __future__ import annotations

import asyncio
import base64
import hashlib

from dkim.canonicalization import Relaxed, Simple
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.signatures import MESSAGE, NOW, signed, verified, zone
from wardmail.inbound.sender import SenderTerms, prove_sender
from wardmail.inbound.trusted import Trusted
from wardmail.model.question import Answer, Question
from wardmail.model.sender import Acceptable, AuthResult, Sending
from wardmail.model.standing import Profile, Standing, StandingAnswer
from wardmail.protect import body_hash
from wardmail.protect.body_hash import BodyHashes
from wardmail.protocol.authres_writing import results_field
from wardmail.protocol.raw_message import message_of_file, split_message

pieces = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"b ", b"\r", b"\n", b"x" * 50, b"\xff"]), max_size=60)
bodies = pieces.map(b"".join) | st.binary(max_size=60)


@given(bodies, st.integers(1, 40), st.lists(st.integers(0, 80), max_size=4))
@example(b"", 1, [0])
@example(b"\r\n\r\n", 3, [1, 2, 3])
@example(b"a\r\r\n \r\n\n\r\n", 2, [])
def test_body_hashes_are_those_of_dkimpy(body: bytes, piece: int, limits: list[int]) -> None:
    delivered = body if not body or body.endswith(b"\r\n") else body + b"\r\n"
    kept, body_hash._PIECE = body_hash._PIECE, piece
    try:
        for relaxed, form in ((True, Relaxed), (False, Simple)):
            canonical = form.canonicalize_body(delivered)
            hashes = BodyHashes(b"head" + body, 4)
            for limit in limits:
                hashes.expect(relaxed=relaxed, limit=limit)
            for wanted in (None, *limits):
                found = hashes.of(relaxed=relaxed, limit=wanted)
                part = canonical[:wanted]
                assert found.digest == hashlib.sha256(part).digest()
                assert (found.hashed, found.length) == (len(part), len(canonical))
    finally:
        body_hash._PIECE = kept


_ALL_SIGNED = MESSAGE[MESSAGE.index(b"From:") :]
_STRICT = signed(_ALL_SIGNED, canonicalize=(b"simple", b"simple"))
_LOOSE = signed(_ALL_SIGNED)


@given(st.integers(0, len(_STRICT) - 1), st.integers(1, 255))
@example(_STRICT.index(b"==\r\nFrom:") - 1, 2)
def test_any_changed_byte_breaks_a_simple_signature(at: int, by: int) -> None:
    changed = bytearray(_STRICT)
    changed[at] ^= by
    found = verified(bytes(changed))
    if found and found[0].result is AuthResult.PASS:
        assert _meaning(bytes(changed)) == _meaning(_STRICT)


def _meaning(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Of the signature's own value only what it decodes to: blanks in base64 and the last bits before `=` mean nothing."""
    before, _, rest = message.partition(b"\r\n b=")
    value, _, after = rest.partition(b"\r\nFrom:")
    before, value, after = (each.translate(None, b" \t\r\n") for each in (before, value, after))
    return before, base64.b64decode(value, validate=True), after


@given(st.integers(len(_LOOSE) - len(_ALL_SIGNED), len(_LOOSE) - 1), st.integers(1, 255))
def test_a_relaxed_signature_allows_blanks_and_capitals_only(at: int, by: int) -> None:
    changed = bytearray(_LOOSE)
    changed[at] ^= by
    found = verified(bytes(changed))
    if found and found[0].result is AuthResult.PASS:
        assert bytes(changed).translate(None, b" \t\r\n").lower() == _LOOSE.translate(None, b" \t\r\n").lower()


class _World:
    async def answer(self, question: Question) -> Answer:
        return _ZONE.answer(question)


_ZONE = zone({"_dmarc.sender.example": "v=DMARC1; p=reject", "sender.example": "v=spf1 a -all"})
_lines = st.sampled_from(
    [
        b"From: a@sender.example", b"From : \xff<a@b@c>", b"from:", b" folded", b"DKIM-Signature: v=1; a=rsa-sha256;",
        b"DKIM-Signature: ;;=;", b"ARC-Seal: i=1; cv=none", b"ARC-Message-Signature: i=1; h=from", b"no field",
        b"ARC-Authentication-Results: i=1; x; dmarc=pass header.from=sender.example", b"\0", b"\r", b"\n", b"",
        b'Authentication-Results: hop.example; spf=pass smtp.mailfrom="(', b"Authentication-Results: hop.example; dkim=x",
    ]
)  # fmt: skip
_messages = st.lists(_lines | st.binary(max_size=30), max_size=12).map(b"\r\n".join) | st.tuples(
    st.integers(0, len(_LOOSE)), st.binary(max_size=12)
).map(lambda cut: _LOOSE[: cut[0]] + cut[1] + _LOOSE[cut[0] + len(cut[1]) :])


@settings(max_examples=300)
@given(_messages, st.text(max_size=20), st.text(max_size=20), st.sampled_from(["", "192.0.2.1", "x", "::ffff:1.2.3.4"]))
def test_nothing_makes_it_raise(message: bytes, helo: str, sender: str, ip: str) -> None:
    terms = SenderTerms(NOW, _known, "mx.example", Trusted("hop.example", frozenset({"sender.example"})))
    sending = Sending(ip, helo, sender)
    split = split_message(message_of_file(message))
    evidence = asyncio.run(prove_sender(split, sending, terms, _World()))
    assert evidence.reasons
    if evidence.signature_acceptable is Acceptable.YES:
        assert evidence.dmarc.result is AuthResult.PASS
    field = results_field("mx.example", evidence, sending)
    assert field.startswith(b"Authentication-Results: mx.example;")
    assert field.count(b"\r\n") == len(field.splitlines())


def _known(domain: str) -> StandingAnswer:
    return StandingAnswer(Standing.SECURE, Profile.HEALTH_AND_CARE, "it is in the test", "test")

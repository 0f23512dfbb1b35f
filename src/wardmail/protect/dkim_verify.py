"""Verifies DKIM signatures (RFC 6376 section 6, RFC 8301, RFC 8463): asks the DNS for keys, says what each proves."""

from __future__ import annotations

from collections.abc import Collection, Generator
from dataclasses import dataclass

from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question, Unknown
from wardmail.model.sender import AuthResult, DkimEvidence
from wardmail.protect.body_hash import BodyHashes
from wardmail.protect.canonical import relaxed_field
from wardmail.protect.dkim import Fields
from wardmail.protect.dkim_key import NoUsableKey, PublicKey, read_key
from wardmail.protect.dkim_signature import KNOWN_ALGORITHMS, BadSignature, Signature, read_dkim

MOST_JUDGED = 10
MOST_PASSES = 5
MOST_NOTED = 20
_MOST_RECORDS = 5


@dataclass(frozen=True, slots=True)
class KeyFound:
    """`result` and `reason` say how the search for a key that vouches for the signature ended."""

    result: AuthResult
    reason: str
    key: PublicKey | None = None


def verify_dkim(
    fields: Fields, body: BodyHashes, *, now: float, prefer: Collection[str] = ()
) -> Generator[Question, Answer, tuple[DkimEvidence, ...]]:
    """What each DKIM-Signature proves, topmost first.

    At most 10 are judged, and none after 5 passed; those of the domains in `prefer` (the authors'), or above or
    below them, come first. `now` in seconds since the epoch decides which have expired.
    """
    raws = [raw for name, raw in fields if name == b"dkim-signature"]
    read = [_read(raw) for raw in raws[:MOST_NOTED]]
    for each in read:
        if isinstance(each, Signature):
            body.expect(relaxed=each.relaxed_body, limit=each.limit)
    order = sorted(range(len(read)), key=lambda index: not _is_preferred(read[index], prefer))
    found: dict[int, DkimEvidence] = {}
    for index in order:
        passed = sum(evidence.result is AuthResult.PASS for evidence in found.values())
        if len(found) >= MOST_JUDGED or passed >= MOST_PASSES:
            break
        each = read[index]
        found[index] = each if isinstance(each, DkimEvidence) else (yield from _verify(each, fields, body, now))
    return tuple(found.get(index) or _not_judged(each, len(raws)) for index, each in enumerate(read))


def signed_header(fields: Fields, signature: Signature) -> bytes:
    """The fields of h= in canonical form: of several alike the lowest first, and one that is missing is nothing.

    The signature itself is never among them (RFC 6376 section 3.5, h=): who names DKIM-Signature there means others'.
    """
    wanted = set(signature.signed) - {b""}  # an empty name in ARC's h= is none, and lines that are no field have it
    stacks: dict[bytes, list[bytes]] = {}
    for name, raw in fields:
        if name in wanted and raw != signature.raw:
            stacks.setdefault(name, []).append(raw)
    chosen = [(name, stacks[name].pop()) for name in signature.signed if stacks.get(name)]
    return b"".join([relaxed_field(name, raw) if signature.relaxed_header else raw for name, raw in chosen])


def find_key(signature: Signature, data: bytes) -> Generator[Question, Answer, KeyFound]:
    """Looks for a published key that vouches for `data`; several records are tried in turn (RFC 6376 section 6.1.2)."""
    answer = yield DnsQuestion(signature.key_name, "TXT")
    match answer:
        case Unknown(why):
            return KeyFound(AuthResult.TEMPERROR, f"the DNS gave no answer about the key: {why}")
        case NotFound():
            return KeyFound(AuthResult.PERMERROR, "no key is published for it")
        case Found(records):
            return _try_keys(records, signature, data)


def _try_keys(records: tuple[str, ...], signature: Signature, data: bytes) -> KeyFound:
    found = KeyFound(AuthResult.PERMERROR, "no key is published for it")
    for record in records[:_MOST_RECORDS]:
        try:
            key = read_key(record, signature.algorithm)
        except NoUsableKey as error:
            if found.result is AuthResult.PERMERROR:
                found = KeyFound(AuthResult.POLICY if error.is_policy else AuthResult.PERMERROR, str(error))
            continue
        if key.vouches_for(signature.signature, data):
            return KeyFound(AuthResult.PASS, f"{key.bits}-bit key", key)
        found = KeyFound(AuthResult.FAIL, "the signature does not fit the header and the key", key)
    return found


def _read(raw: bytes) -> Signature | DkimEvidence:
    try:
        signature = read_dkim(raw)
    except BadSignature as error:
        result, tags = AuthResult.PERMERROR, error.tags
        domain, selector = _shown(tags.get("d", "")), _shown(tags.get("s", ""))
        identity = _shown(tags.get("i", f"@{domain}"))
        return DkimEvidence(result, domain, selector, identity, f"the signature is not valid: {error}")
    if signature.algorithm == "rsa-sha1":
        return _evidence(signature, AuthResult.POLICY, "rsa-sha1 proves nothing any more (RFC 8301)")
    if signature.algorithm not in KNOWN_ALGORITHMS:
        return _evidence(signature, AuthResult.PERMERROR, "its algorithm is unknown")
    return signature


def _verify(
    signature: Signature, fields: Fields, body: BodyHashes, now: float
) -> Generator[Question, Answer, DkimEvidence]:
    if signature.expires is not None and now > signature.expires:
        return _evidence(signature, AuthResult.FAIL, "the signature has expired")
    hashed = body.of(relaxed=signature.relaxed_body, limit=signature.limit)
    whole = hashed.hashed == hashed.length
    if signature.limit is not None and signature.limit > hashed.length:
        return _evidence(signature, AuthResult.FAIL, "the body is shorter than what was signed (l=)")
    if hashed.digest != signature.body_hash:
        return _evidence(signature, AuthResult.FAIL, "the body has been changed", whole_body=whole)
    header = signed_header(fields, signature)
    found = yield from find_key(signature, header + signature.itself)
    testing = found.key is not None and found.key.testing
    result, reason = found.result, found.reason
    if result is AuthResult.PASS and found.key is not None and found.key.strict and not _is_at_domain(signature):
        result, reason = AuthResult.PERMERROR, "the key allows only its own domain (t=s), and i= is below it"
    elif result is AuthResult.PASS:
        reason = _what_passed(signature, reason, hashed.length - hashed.hashed, testing)
    return _evidence(signature, result, reason, whole_body=whole, testing=testing)


def _is_at_domain(signature: Signature) -> bool:
    return signature.identity.rpartition("@")[2] == signature.domain


def _what_passed(signature: Signature, key: str, unsigned: int, testing: bool) -> str:
    notes = [key]
    if unsigned:
        notes.append(f"l= leaves {unsigned} octets of the body unsigned, so it is not trusted")
    elif signature.limit is not None:
        notes.append("l= covers the body as it is")
    if testing:
        notes.append("the domain says that it is only testing (t=y)")
    return "; ".join(notes)


def _evidence(
    signature: Signature, result: AuthResult, reason: str, *, whole_body: bool = True, testing: bool = False
) -> DkimEvidence:
    return DkimEvidence(
        result,
        signature.domain,
        signature.selector,
        signature.identity,
        reason,
        signature.algorithm,
        whole_body,
        testing,
    )


def _not_judged(each: Signature | DkimEvidence, count: int) -> DkimEvidence:
    if isinstance(each, DkimEvidence):
        return each
    return _evidence(each, AuthResult.POLICY, f"not judged: the message has {count} signatures, and enough were")


def _is_preferred(each: Signature | DkimEvidence, domains: Collection[str]) -> bool:
    own = f".{each.domain}"
    return any(f".{domain}".endswith(own) or own.endswith(f".{domain}") for domain in domains)


def _shown(text: str) -> str:
    """What a broken signature says of itself, short and printable."""
    return "".join(character if character.isprintable() else "?" for character in text[:253])

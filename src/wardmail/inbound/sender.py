"""Finds out who sent a message: gathers every proof at once, then judges (SHARE-16, RECV-2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from ipaddress import ip_address

from wardmail.inbound.asking import InTime
from wardmail.inbound.trusted import NOBODY, Trusted, found_by_hop, seen_to_pass
from wardmail.model.question import Answer, Answering, Question, drive
from wardmail.model.sender import (
    Acceptable,
    ArcEvidence,
    AuthResult,
    DkimEvidence,
    DmarcEvidence,
    DmarcPolicy,
    SenderEvidence,
    Sending,
    SpfEvidence,
)
from wardmail.model.standing import Standing, StandingAnswer
from wardmail.posture.dmarc import check_dmarc
from wardmail.posture.iprev import ReverseName, find_reverse_name
from wardmail.posture.spf import check_spf
from wardmail.protect.arc import expect_arc, verify_arc
from wardmail.protect.body_hash import BodyHashes
from wardmail.protect.dkim_verify import verify_dkim
from wardmail.protocol.authors import Authors, read_authors
from wardmail.protocol.domain import InvalidDomain, parse_domain
from wardmail.protocol.raw_message import RawMessage

LARGE = 1024 * 1024
"""Octets from which a body is hashed in a thread: the event loop has others to serve."""

SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class SenderTerms:
    """What the receiving side brings. `standing` answers for a domain in A-labels; `now` in seconds since the epoch."""

    now: float
    standing: Callable[[str], StandingAnswer]
    receiver: str = "unknown"
    trusted: Trusted = NOBODY


@dataclass(frozen=True, slots=True)
class _Proofs:
    authors: Authors
    spf: SpfEvidence
    dkim: tuple[DkimEvidence, ...]
    arc: ArcEvidence
    dmarc: DmarcEvidence
    reverse: ReverseName
    hop: str = ""


async def prove_sender(
    message: RawMessage, sending: Sending, terms: SenderTerms, resolver: Answering, *, seconds: float = SECONDS
) -> SenderEvidence:
    """Never raises for anything in the message. What the DNS does not say within `seconds` counts as not said."""
    return judge(message, await _gather(message, sending, terms, InTime(resolver, seconds)), terms)


async def _gather(message: RawMessage, sending: Sending, terms: SenderTerms, resolver: Answering) -> _Proofs:
    authors = read_authors(message.all_of(b"from"))
    body = BodyHashes(message.octets, message.body_start)
    expect_arc(message.fields, body)
    if len(message.octets) > LARGE:
        await asyncio.to_thread(_hash_in_every_form, body)
    hop = found_by_hop(message.fields, terms.trusted.hop)
    if hop is not None:
        arc = await drive(verify_arc(message.fields, body), resolver)
        dmarc = hop.dmarc_pass_for(authors.domains)
        if dmarc is None:
            dmarc = await drive(check_dmarc(authors.domains, hop.spf, hop.dkim), resolver)
        return _Proofs(authors, hop.spf, hop.dkim, arc, dmarc, hop.reverse, terms.trusted.hop)
    spf, dkim, arc, reverse = await asyncio.gather(
        drive(_spf(sending, terms), resolver),
        drive(verify_dkim(message.fields, body, now=terms.now, prefer=authors.domains), resolver),
        drive(verify_arc(message.fields, body), resolver),
        drive(_reverse_name(sending), resolver),
    )
    dmarc = await drive(check_dmarc(authors.domains, spf, dkim), resolver)
    return _Proofs(authors, spf, dkim, arc, dmarc, reverse)


def _hash_in_every_form(body: BodyHashes) -> None:
    for relaxed in (True, False):
        body.of(relaxed=relaxed, limit=None)


def judge(message: RawMessage, proofs: _Proofs, terms: SenderTerms) -> SenderEvidence:
    dmarc = _with_sealers(proofs, terms.trusted, message)
    acceptable, reasons = _acceptable(message, replace(proofs, dmarc=dmarc), terms)
    return SenderEvidence(
        proofs.spf,
        proofs.dkim,
        proofs.arc,
        dmarc,
        proofs.reverse.result,
        proofs.reverse.name,
        proofs.authors.addresses,
        acceptable,
        reasons,
        proofs.hop,
    )


def _with_sealers(proofs: _Proofs, trusted: Trusted, message: RawMessage) -> DmarcEvidence:
    """A sealer that we trust may say that DMARC passed before it changed the message; then nothing is done for the
    domain. It stays a failure: what we have in hand is not what the author sent."""
    dmarc = proofs.dmarc
    if dmarc.result is not AuthResult.FAIL or proofs.arc.result is not AuthResult.PASS:
        return dmarc
    sealer = seen_to_pass(message.fields, trusted.sealers, proofs.authors.domains)
    if not sealer:
        return dmarc
    reason = f"{dmarc.reason}; but {sealer}, which is trusted, saw it pass and sealed that (ARC)"
    return replace(dmarc, disposition=DmarcPolicy.NONE, reason=reason)


def _acceptable(message: RawMessage, proofs: _Proofs, terms: SenderTerms) -> tuple[Acceptable, tuple[str, ...]]:
    """SHARE-16: the sender's domain is known to be secure, and DMARC passes."""
    against = [*message.faults, *([proofs.authors.problem] if proofs.authors.problem else [])]
    spoken_for: list[str] = []
    for domain in proofs.authors.domains:
        answer = terms.standing(domain)
        secure = answer.standing is Standing.SECURE
        (spoken_for if secure else against).append(
            f"{domain} is {'secure' if secure else 'not known to be secure'}: {answer.reason}."
        )
    dmarc = proofs.dmarc
    sentence = f"DMARC {_VERBS[dmarc.result]}: {dmarc.reason}."
    if dmarc.result is AuthResult.PASS:
        spoken_for.append(sentence)
    elif dmarc.result is not AuthResult.TEMPERROR:
        against.append(sentence)
    if against:
        return Acceptable.NO, tuple(against)
    if dmarc.result is AuthResult.TEMPERROR:
        return Acceptable.CANNOT_TELL, (sentence,)
    return Acceptable.YES, tuple(spoken_for)


_VERBS = dict.fromkeys(AuthResult, "does not pass") | {
    AuthResult.PASS: "passes",
    AuthResult.NONE: "proves nothing",
    AuthResult.FAIL: "fails",
    AuthResult.TEMPERROR: "could not be judged",
    AuthResult.PERMERROR: "cannot be judged",
}


def _spf(sending: Sending, terms: SenderTerms) -> Generator[Question, Answer, SpfEvidence]:
    if not _is_address(sending.ip):
        return SpfEvidence(AuthResult.NONE, "", "mailfrom", "nobody knows which address it came from")
    sender, helo = _plain(sending.mail_from), _plain(sending.helo)
    if not sender and not helo:
        return SpfEvidence(AuthResult.NONE, "", "mailfrom", "nobody knows its envelope sender")
    found = yield from check_spf(sending.ip, helo, sender, now=terms.now, receiver=terms.receiver)
    return SpfEvidence(AuthResult(found.verdict.value), found.domain.lower(), found.identity, found.reason)


def _reverse_name(sending: Sending) -> Generator[Question, Answer, ReverseName]:
    if not _is_address(sending.ip):
        return ReverseName(AuthResult.NONE)
    return (yield from find_reverse_name(sending.ip))


def _is_address(ip: str) -> bool:
    try:
        ip_address(ip)
    except ValueError:
        return False
    return "%" not in ip


def _plain(written: str) -> str:
    """An address or a host's name without angle brackets, the domain in A-labels."""
    local, at, domain = written.strip().removeprefix("<").removesuffix(">").rpartition("@")
    parsed = parse_domain(domain.rstrip("."), allow_single_label=True)
    return f"{local}{at}{domain if isinstance(parsed, InvalidDomain) else parsed}"

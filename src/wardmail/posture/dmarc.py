"""Judges by DMARC whether the author's domain stands behind a message, and what it asks for if not (RFC 9989)."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from wardmail.model.question import Answer, DnsQuestion, Found, Question, Unknown
from wardmail.model.sender import AuthResult, DkimEvidence, DmarcEvidence, DmarcPolicy, SpfEvidence
from wardmail.posture.dmarc_record import DmarcRecord
from wardmail.posture.dmarc_walk import Walk, walk_up

MOST_AUTHOR_DOMAINS = 5

_STRICTNESS = list(DmarcPolicy)
_WORST_FIRST = (AuthResult.FAIL, AuthResult.TEMPERROR, AuthResult.PERMERROR, AuthResult.NONE, AuthResult.PASS)
_PLAIN = re.compile(r"[a-z0-9_.-]+").fullmatch
_Inquiry = Generator[Question, Answer, DmarcEvidence]


@dataclass(frozen=True, slots=True)
class _Identifier:
    """A domain that SPF or DKIM speaks for. `sure`: it passed; else the DNS did not say."""

    method: str
    domain: str
    sure: bool


def check_dmarc(domains: Sequence[str], spf: SpfEvidence, dkim: Sequence[DkimEvidence]) -> _Inquiry:
    """`domains` are those of the authors in From, in lower-case A-labels: each is judged, and the worst result counts.

    A DKIM signature that leaves octets of the body unsigned proves nothing here.
    """
    asked = tuple(dict.fromkeys(domains))
    if not asked or len(asked) > MOST_AUTHOR_DOMAINS:
        why = (
            f"From names more than {MOST_AUTHOR_DOMAINS} domains"
            if asked
            else "From names no domain that can be judged"
        )
        return _evidence(AuthResult.PERMERROR, "", why)
    inquiry = _Evaluation(_identifiers(spf, dkim))
    found: dict[str, DmarcEvidence] = {}
    for domain in asked:
        found[domain] = yield from inquiry.judge(domain)
    worst = min(
        found.values(), key=lambda each: (_WORST_FIRST.index(each.result), -_STRICTNESS.index(each.disposition))
    )
    if len(asked) == 1 or worst.result is AuthResult.PASS:
        return worst
    reason = f"From names {len(asked)} domains; {worst.domain}: {worst.reason}"
    return DmarcEvidence(worst.result, worst.domain, worst.policy_domain, worst.policy, worst.disposition, reason)


def _identifiers(spf: SpfEvidence, dkim: Sequence[DkimEvidence]) -> tuple[_Identifier, ...]:
    open_or_passed = (AuthResult.PASS, AuthResult.TEMPERROR)
    found = [
        _Identifier("DKIM", each.domain, each.result is AuthResult.PASS)
        for each in dkim
        if each.result in open_or_passed and each.whole_body
    ]
    if spf.result in open_or_passed:
        found.append(_Identifier("SPF", spf.domain.lower().rstrip("."), spf.result is AuthResult.PASS))
    # A backslash would make other labels of a name than its dots show.
    plain = [each for each in dict.fromkeys(found) if _PLAIN(each.domain)]
    return tuple(sorted(plain, key=lambda each: not each.sure))


class _Evaluation:
    """One message's identifiers against its authors; no name is walked up from twice."""

    def __init__(self, identifiers: Sequence[_Identifier]) -> None:
        self._identifiers = identifiers
        self._walks: dict[str, Walk] = {}

    def judge(self, domain: str) -> _Inquiry:
        walk = yield from self._walk(domain)
        record = walk.own or (None if walk.unanswered else walk.policy_record)
        if record is None and walk.unanswered:
            return _evidence(AuthResult.TEMPERROR, domain, f"the DNS gave no answer about {walk.unanswered}")
        if record is None:
            return _evidence(
                AuthResult.NONE, domain, f"{domain} has no DMARC record, and no domain above it speaks for it"
            )
        if not record.usable:
            return _evidence(AuthResult.NONE, domain, f"the DMARC record of {record.domain} cannot be used", record)
        open_question = ""
        for each in self._identifiers:
            aligned = yield from self._is_aligned(each, walk, record)
            if aligned and each.sure:
                relation = "the author's domain" if each.domain == domain else f"which is in line with {domain}"
                reason = f"{each.method} passes for {each.domain}, {relation}"
                return _evidence(AuthResult.PASS, domain, reason, record)
            if aligned is not False and not open_question:
                open_question = f"the DNS did not say whether {each.method} of {each.domain} stands behind {domain}"
        if open_question:
            return _evidence(AuthResult.TEMPERROR, domain, open_question, record)
        return (yield from _failed(domain, record, self._why()))

    def _is_aligned(
        self, identifier: _Identifier, author: Walk, record: DmarcRecord
    ) -> Generator[Question, Answer, bool | None]:
        """None: the DNS did not say."""
        strict = record.strict_dkim if identifier.method == "DKIM" else record.strict_spf
        if identifier.domain == author.start:
            return True
        # An organisation's domains all end in its name; without it, at least the last label must be the same.
        shared = author.start.rpartition(".")[2] if author.unanswered else author.organisation
        if strict or not f".{identifier.domain}".endswith(f".{shared}"):
            return False
        other = yield from self._walk(identifier.domain)
        if author.unanswered or other.unanswered:
            return None
        return author.organisation == other.organisation

    def _walk(self, domain: str) -> Generator[Question, Answer, Walk]:
        if domain not in self._walks:
            self._walks[domain] = yield from walk_up(domain)
        return self._walks[domain]

    def _why(self) -> str:
        passed = [f"{each.method} passes for {each.domain}" for each in self._identifiers if each.sure]
        return f"{' and '.join(passed)}, but that is not in line with it" if passed else "neither DKIM nor SPF passes"


def _failed(domain: str, record: DmarcRecord, why: str) -> _Inquiry:
    policy = record.policy if record.domain == domain else record.subdomains
    if record.domain != domain and record.missing is not record.subdomains:
        exists = yield from _exists(domain)
        if exists is None:
            return _evidence(AuthResult.TEMPERROR, domain, f"the DNS did not say whether {domain} exists", record)
        if not exists:
            policy, why = record.missing, f"{domain} does not exist; {why}"
    disposition = _lowered(policy) if record.testing else policy
    testing = "; its policy is only being tested (t=y)" if record.testing else ""
    return DmarcEvidence(AuthResult.FAIL, domain, record.domain, policy, disposition, f"{why}{testing}")


def _exists(domain: str) -> Generator[Question, Answer, bool | None]:
    """RFC 9989 section 3.2: a domain that has neither A, AAAA nor MX does not exist."""
    unknown = False
    for kind in ("A", "AAAA", "MX"):
        answer = yield DnsQuestion(domain, kind)
        if isinstance(answer, Found):
            return True
        unknown = unknown or isinstance(answer, Unknown)
    return None if unknown else False


def _lowered(policy: DmarcPolicy) -> DmarcPolicy:
    return _STRICTNESS[max(0, _STRICTNESS.index(policy) - 1)]


def _evidence(result: AuthResult, domain: str, reason: str, record: DmarcRecord | None = None) -> DmarcEvidence:
    """Nothing is to be done for the domain unless the result is FAIL."""
    policy, policy_domain = DmarcPolicy.NONE, ""
    if record is not None:
        policy = record.policy if record.domain == domain else record.subdomains
        policy_domain = record.domain
    return DmarcEvidence(result, domain, policy_domain, policy, DmarcPolicy.NONE, reason)

"""Writes the Authentication-Results field that says what we found out about a sender (RFC 8601)."""

from __future__ import annotations

import re

from wardmail.model.sender import AuthResult, DkimEvidence, SenderEvidence, Sending
from wardmail.protocol.fields import field

MOST_SIGNATURES = 10
_LONGEST_VALUE = 253
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~@-]+").fullmatch
_UNFIT = re.compile(r"[^\x20-\x7e]|[\"\\]")


def results_field(server: str, evidence: SenderEvidence, sending: Sending) -> bytes:
    """The whole field with CRLF. Nothing that a sender wrote gets into it unquoted. Raises ValueError for a `server`
    that is no name."""
    sections = [*_of_spf(evidence), *map(_of_dkim, evidence.dkim[:MOST_SIGNATURES]), *_of_the_rest(evidence, sending)]
    if not _TOKEN(server):
        raise ValueError("an authserv-id is a host name")
    return field("Authentication-Results", "; ".join([server, *(sections or ["none"])]))


def _of_spf(evidence: SenderEvidence) -> list[str]:
    spf = evidence.spf
    if spf.result is AuthResult.NONE and not spf.domain:
        return []
    name = "smtp.helo" if spf.identity == "helo" else "smtp.mailfrom"
    return [f"spf={spf.result} {name}={_value(spf.domain)}"]


def _of_dkim(signature: DkimEvidence) -> str:
    passed = signature.result is AuthResult.PASS
    # Others would take a pass for more than it is: with octets left unsigned it is none that we act on.
    result = AuthResult.POLICY if passed and not signature.whole_body else signature.result
    reason = "" if result is AuthResult.PASS else f" reason={_value(signature.reason)}"
    names = f"header.d={_value(signature.domain)} header.s={_value(signature.selector)}"
    return f"dkim={result}{reason} {names}" + (
        f" header.a={_value(signature.algorithm)}" if signature.algorithm else ""
    )


def _of_the_rest(evidence: SenderEvidence, sending: Sending) -> list[str]:
    sections = [] if evidence.dkim else ["dkim=none"]
    if evidence.arc.result is not AuthResult.NONE:
        sections.append(f"arc={evidence.arc.result}")
    dmarc = evidence.dmarc
    terms = f" (p={dmarc.policy} dis={dmarc.disposition})" if dmarc.policy_domain else ""
    sections.append(f"dmarc={dmarc.result}{terms}" + (f" header.from={_value(dmarc.domain)}" if dmarc.domain else ""))
    if sending.ip:
        sections.append(f"iprev={evidence.iprev} policy.iprev={_value(sending.ip)}")
    return sections


def _value(text: str) -> str:
    text = _UNFIT.sub("?", text[:_LONGEST_VALUE])
    return text if _TOKEN(text) else f'"{text}"'

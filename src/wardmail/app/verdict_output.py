"""How commands show who sent a message."""

from __future__ import annotations

from typing import Any

from wardmail.app.output import plain, say, table
from wardmail.model.sender import Acceptable, AuthResult, SenderEvidence, Sending
from wardmail.protocol.authres_writing import results_field

_WORDS = {
    Acceptable.YES: "Yes: it is the author's",
    Acceptable.NO: "No: it proves nothing",
    Acceptable.CANNOT_TELL: "Cannot tell yet: the DNS did not answer; try again later",
}

_OF_HOST = {
    AuthResult.PERMERROR: "the address has no name in the DNS",
    AuthResult.FAIL: "its name in the DNS does not lead back to the address",
    AuthResult.TEMPERROR: "the DNS gave no answer",
}


def as_record(evidence: SenderEvidence, sending: Sending, receiver: str) -> dict[str, Any]:
    """`authentication_results` is the field that we would put on top of the message."""
    spf, dmarc = evidence.spf, evidence.dmarc
    return {
        "spf": {"result": spf.result, "domain": spf.domain, "identity": spf.identity, "reason": spf.reason},
        "dkim": [
            {
                "d": each.domain,
                "s": each.selector,
                "i": each.identity,
                "a": each.algorithm,
                "result": each.result,
                "reason": each.reason,
                "whole_body": each.whole_body,
                "testing": each.testing,
            }
            for each in evidence.dkim
        ],
        "arc": {"cv": evidence.arc.result, "sealers": evidence.arc.sealers, "reason": evidence.arc.reason},
        "dmarc": {
            "result": dmarc.result,
            "policy": dmarc.policy,
            "disposition": dmarc.disposition,
            "domain": dmarc.domain,
            "policy_domain": dmarc.policy_domain,
            "reason": dmarc.reason,
        },
        "iprev": {"result": evidence.iprev, "name": evidence.reverse_name},
        "authors": evidence.authors,
        "signature_acceptable": evidence.signature_acceptable,
        "reasons": evidence.reasons,
        "trusted_hop": evidence.trusted_hop,
        "authentication_results": results_field(receiver, evidence, sending).decode().replace("\r\n", "").strip(),
    }


def show(evidence: SenderEvidence, sending: Sending) -> None:
    say(f"From    {', '.join(map(plain, evidence.authors)) or 'nobody that can be read'}")
    if evidence.trusted_hop:
        say(f"By the word of {evidence.trusted_hop}")
    say()
    table(("proof", "result", "of", "why"), _rows(evidence, sending))
    say()
    say(f"Signature acceptable at the foot of its text?  {_WORDS[evidence.signature_acceptable]}")
    for reason in evidence.reasons:
        say(f"  {plain(reason)}")


def _rows(evidence: SenderEvidence, sending: Sending) -> list[tuple[str, str, str, str]]:
    spf, arc, dmarc = evidence.spf, evidence.arc, evidence.dmarc
    rows = [("SPF", spf.result, spf.domain, spf.reason)]
    for each in evidence.dkim:
        rows.append(("DKIM", each.result, f"{each.domain} ({each.selector})", each.reason))  # noqa: PERF401
    if not evidence.dkim:
        rows.append(("DKIM", AuthResult.NONE, "", "the message has no DKIM signature"))
    rows.append(("ARC", arc.result, ", ".join(arc.sealers), arc.reason))
    asked = f" (policy {dmarc.policy}, so: {dmarc.disposition})" if dmarc.result is AuthResult.FAIL else ""
    rows.append(("DMARC", dmarc.result, dmarc.domain, f"{dmarc.reason}{asked}"))
    if sending.ip:
        rows.append(
            ("host name", evidence.iprev, evidence.reverse_name or sending.ip, _OF_HOST.get(evidence.iprev, ""))
        )
    return [(name, str(result), plain(of), plain(why)) for name, result, of, why in rows]

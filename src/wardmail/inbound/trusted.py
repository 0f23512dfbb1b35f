"""What others whom we trust found out about a sender: a named hop before us, or those who sealed an ARC chain (RECV-4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wardmail.model.sender import AuthResult, DkimEvidence, DmarcEvidence, DmarcPolicy, SpfEvidence
from wardmail.posture.iprev import ReverseName
from wardmail.protect.arc_sets import BrokenChain, arc_sets
from wardmail.protocol.authres import Fields, MethodResult, of_hop, read_results


@dataclass(frozen=True, slots=True)
class Trusted:
    """`hop` is an authserv-id, empty for none; `sealers` are domains (d=) of ARC seals, in lower case."""

    hop: str = ""
    sealers: frozenset[str] = frozenset()


NOBODY = Trusted()


@dataclass(frozen=True, slots=True)
class FoundByHop:
    """The hop's results, in our words; `dmarc` as it stands there, None where the hop said nothing of it."""

    hop: str
    spf: SpfEvidence
    dkim: tuple[DkimEvidence, ...]
    dmarc: MethodResult | None
    reverse: ReverseName

    def dmarc_pass_for(self, domains: Sequence[str]) -> DmarcEvidence | None:
        """That the hop saw DMARC pass for the one domain that From names, as we read it. Anything else is judged anew
        by what the hop found, so that the domain's policy is known."""
        if self.dmarc is None or len(domains) != 1 or not _is_dmarc_pass(self.dmarc):
            return None
        domain = _domain(self.dmarc, "header.from")
        if domain != domains[0]:
            return None
        return DmarcEvidence(AuthResult.PASS, domain, "", DmarcPolicy.NONE, DmarcPolicy.NONE, f"{self.hop} saw it pass")


def found_by_hop(fields: Fields, hop: str) -> FoundByHop | None:
    """None when there is no such hop, or it left no results."""
    read = of_hop(fields, hop) if hop else None
    if read is None:
        return None
    by_method = {each.method: each for each in reversed(read.results)}
    return FoundByHop(
        hop,
        _spf(by_method.get("spf"), hop),
        tuple(_dkim(each, hop) for each in read.results if each.method == "dkim" and each.result != "none"),
        by_method.get("dmarc"),
        _reverse(by_method.get("iprev")),
    )


def seen_to_pass(fields: Fields, sealers: Collection[str], domains: Sequence[str]) -> str:
    """The trusted sealer that sealed a DMARC pass for each of the authors' `domains`; empty for none.

    Only those count after whom nobody untrusted sealed: anybody may have changed what they passed on. The chain must
    have been validated before.
    """
    try:
        sets = arc_sets(fields)
    except BrokenChain:
        return ""
    for each in reversed(sets):
        if each.sealer not in sealers:
            return ""
        said = read_results(each.said.replace(b"\r\n", b""))
        passed = {_domain(one, "header.from") for one in said.results if _is_dmarc_pass(one)} if said else set()
        if domains and passed.issuperset(domains):
            return each.sealer
    return ""


def _is_dmarc_pass(result: MethodResult) -> bool:
    return result.method == "dmarc" and result.result == "pass"


def _spf(result: MethodResult | None, hop: str) -> SpfEvidence:
    if result is None:
        return SpfEvidence(AuthResult.NONE, "", "mailfrom", f"{hop} says nothing of it")
    by_helo = "smtp.mailfrom" not in result.properties and "smtp.helo" in result.properties
    identity = "helo" if by_helo else "mailfrom"
    return SpfEvidence(_word(result), _domain(result, f"smtp.{identity}"), identity, f"{hop} says so")


def _dkim(result: MethodResult, hop: str) -> DkimEvidence:
    properties = result.properties
    identity = properties.get("header.i", "")
    domain = _domain(result, "header.d") or identity.rpartition("@")[2].lower()
    return DkimEvidence(
        _word(result),
        domain,
        properties.get("header.s", ""),
        identity or f"@{domain}",
        f"{hop} says so",
        properties.get("header.a", ""),
    )


def _reverse(result: MethodResult | None) -> ReverseName:
    return ReverseName(_word(result)) if result is not None else ReverseName(AuthResult.NONE)


def _domain(result: MethodResult, name: str) -> str:
    return result.properties.get(name, "").rpartition("@")[2].rstrip(".").lower()


def _word(result: MethodResult) -> AuthResult:
    """RFC 8601 section 2.7; Exchange Online's bestguesspass is no pass."""
    try:
        return AuthResult(result.result)
    except ValueError:
        return AuthResult.NEUTRAL

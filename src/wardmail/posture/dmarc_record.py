"""Reads a DMARC policy record (RFC 9989 section 4.7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wardmail.model.sender import DmarcPolicy

LONGEST = 16 * 1024
_VERSION = re.compile(r"[ \t]*v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)").match
_REPORT_ADDRESS = re.compile(r"(?:mailto:[^@,;\s]+@[^@,;\s]+|https?://[^\s,;]+)", re.IGNORECASE).fullmatch


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """The record of `domain`. `subdomains` and `missing` are sp= and np= after their defaults; `psd` is y, n or u.

    `usable` is false where policies cannot be read and nobody asks for reports: then there is no DMARC (4.10.1).
    """

    domain: str
    policy: DmarcPolicy
    subdomains: DmarcPolicy
    missing: DmarcPolicy
    strict_dkim: bool
    strict_spf: bool
    testing: bool
    psd: str
    usable: bool = True


def only_record(domain: str, texts: Sequence[str]) -> DmarcRecord | None:
    """What a name publishes: other texts are passed over, and several DMARC records are as good as none (4.10)."""
    found = [text for text in texts if _VERSION(text) and len(text) <= LONGEST]
    return _parse(domain, found[0]) if len(found) == 1 else None


def _parse(domain: str, text: str) -> DmarcRecord:
    tags: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if equals:
            tags.setdefault(name.strip(), value.strip())
    policies: dict[str, DmarcPolicy | None] = {name: _policy(tags[name]) for name in ("p", "sp", "np") if name in tags}
    usable = "p" in policies and None not in policies.values()
    policy, subdomains, missing = _in_force(policies) if usable else (DmarcPolicy.NONE,) * 3
    return DmarcRecord(
        domain,
        policy,
        subdomains,
        missing,
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
        testing=tags.get("t", "n").lower() == "y",
        psd=tags.get("psd", "u").lower(),
        usable=usable or _wants_reports(tags.get("rua", "")),
    )


def _in_force(policies: dict[str, DmarcPolicy | None]) -> tuple[DmarcPolicy, DmarcPolicy, DmarcPolicy]:
    policy = policies["p"] or DmarcPolicy.NONE
    subdomains = policies.get("sp") or policy
    return policy, subdomains, policies.get("np") or subdomains


def _policy(text: str) -> DmarcPolicy | None:
    try:
        return DmarcPolicy(text.lower())
    except ValueError:
        return None


def _wants_reports(rua: str) -> bool:
    return any(_REPORT_ADDRESS(each.strip().partition("!")[0]) for each in rua.split(","))

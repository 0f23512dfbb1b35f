"""Finds a sending host's name: one that its address has in the DNS and that leads back to it (RFC 8601 section 3)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from ipaddress import ip_address

from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question, Unknown
from wardmail.model.sender import AuthResult
from wardmail.posture.spf_macros import reverse_name

MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class ReverseName:
    """`name` only where the result is PASS."""

    result: AuthResult
    name: str = ""


def find_reverse_name(ip: str) -> Generator[Question, Answer, ReverseName]:
    """No name at all is PERMERROR, names that lead elsewhere are FAIL. Raises ValueError for no address."""
    address = ip_address(ip)
    address = getattr(address, "ipv4_mapped", None) or address
    answer = yield DnsQuestion(reverse_name(address), "PTR")
    match answer:
        case Unknown():
            return ReverseName(AuthResult.TEMPERROR)
        case NotFound():
            return ReverseName(AuthResult.PERMERROR)
    result = AuthResult.FAIL
    for name in [record.rstrip(".").lower() for record in answer.records[:MOST_NAMES]]:
        back = yield DnsQuestion(name, "A" if address.version == 4 else "AAAA")
        if isinstance(back, Found) and str(address) in back.records:
            return ReverseName(AuthResult.PASS, name)
        if isinstance(back, Unknown):
            result = AuthResult.TEMPERROR
    return ReverseName(result)

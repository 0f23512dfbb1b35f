"""Looks up one mail host: where it is, and what its TLSA records demand (RFC 7672 section 2.2)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from wardmail.model.delivery import Deferred, Failed
from wardmail.model.question import Answer, Question, Unknown
from wardmail.posture.dane import DaneFinding, find_tlsa
from wardmail.posture.mx import find_addresses


@dataclass(frozen=True, slots=True)
class MailHost:
    name: str
    addresses: tuple[str, ...]
    dane: DaneFinding


def examine_host(
    name: str, port: int, *, listed_securely: bool
) -> Generator[Question, Answer, MailHost | Deferred | Failed]:
    """`listed_securely`: DNSSEC vouches for the MX answer. A lookup that fails is no licence to do without DANE."""
    found = yield from find_addresses(name)
    if isinstance(found, Deferred | Failed):
        return found
    if not (listed_securely and found.authenticated):
        return MailHost(name, found.addresses, DaneFinding())
    dane = yield from find_tlsa(name, port)
    if isinstance(dane, Unknown):
        why = f"The DNS would not say which certificates {name} may show (TLSA): {dane.why}."
        return Deferred(why, counts=False, error="WM-DNS-NO-ANSWER", status="4.7.5")
    return MailHost(name, found.addresses, dane)

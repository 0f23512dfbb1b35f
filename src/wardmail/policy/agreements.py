"""Answers which sharing agreement covers a copy, and what it and the risk appetite then allow (SHARE-6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from wardmail.model.address import Address
from wardmail.model.agreement import AgreedProtection, Agreement, AgreementStanding, Appetite
from wardmail.model.classification import Sensitivity
from wardmail.policy.facts import NO_AGREEMENT, AgreementFacts, Cover, Known
from wardmail.policy.standing import patterns

_STRICTEST_FIRST = (AgreedProtection.ENCRYPTED, AgreedProtection.VERIFIED_TLS)


class AgreementTable:
    """All agreements, found by the recipient's address or domain."""

    __slots__ = ("_appetite", "_by_name")

    def __init__(self, agreements: Iterable[Agreement], appetite: Appetite) -> None:
        self._appetite = appetite
        self._by_name: dict[str, list[Agreement]] = {}
        for each in agreements:
            for name in (*each.domains, *each.addresses):
                self._by_name.setdefault(name, []).append(each)

    def cover(self, integration: str, to: Address, level: Sensitivity, today: date) -> Known[AgreementFacts]:
        """Of several agreements the one that asks least counts: each of them alone would let the copy go."""
        if not self._by_name:
            return NO_AGREEMENT
        names = [str(to).lower(), *patterns(to.domain)]
        found = [each for name in names for each in self._by_name.get(name, ()) if _covers(each, integration, level)]
        in_force = [each for each in found if each.standing(today) is AgreementStanding.IN_FORCE]
        if not in_force:
            return Known(AgreementFacts(Cover.NONE, "", _why_not(found, today)))
        best = max(in_force, key=lambda each: _STRICTEST_FIRST.index(each.protection))
        return Known(self._facts(best))

    def _facts(self, agreement: Agreement) -> AgreementFacts:
        named = f"agreement {agreement.id} with {agreement.partner}"
        if self._appetite is Appetite.WAIT:
            return AgreementFacts(Cover.NONE, agreement.id, f"{named} covers it, and the risk appetite is to wait")
        if agreement.protection is AgreedProtection.VERIFIED_TLS and self._appetite is Appetite.VERIFIED_TLS:
            return AgreementFacts(Cover.VERIFIED_TLS, agreement.id, f"{named} covers it by verified TLS")
        return AgreementFacts(Cover.ENCRYPTED, agreement.id, f"{named} covers it when its content is encrypted")


def _covers(agreement: Agreement, integration: str, level: Sensitivity) -> bool:
    return level <= agreement.highest and (not agreement.integrations or integration in agreement.integrations)


def _why_not(found: Iterable[Agreement], today: date) -> str:
    for each in found:
        return f"agreement {each.id} with {each.partner} is {each.standing(today).value.replace('-', ' ')}"
    return "no sharing agreement covers it"

"""Whom a forwarded message is for, and in whose name it travels."""

from __future__ import annotations

from wardmail.model.address import Address
from wardmail.model.handover import Handover, Parcel


def whom(parcel: Parcel, terms: Handover) -> list[Address]:
    """Those whom the record names, else those of the envelope."""
    return [_parsed(each) for each in (terms.recipients or parcel.recipients)]


def sender_of(parcel: Parcel) -> Address | None:
    return _parsed(parcel.sender) if parcel.sender else None


def _parsed(text: str) -> Address:
    """They were checked when they came in, or when the record was made."""
    local, _, domain = text.rpartition("@")
    return Address(local, domain)

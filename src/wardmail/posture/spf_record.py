"""Reads an SPF record: mechanisms with qualifiers, modifiers, and every reason why it cannot be read (RFC 7208)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network

LONGEST = 16 * 1024
MOST_TERMS = 500


class SpfVerdict(StrEnum):
    """RFC 7208 section 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 (a verdict)
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


QUALIFIERS = {"+": SpfVerdict.PASS, "-": SpfVerdict.FAIL, "~": SpfVerdict.SOFTFAIL, "?": SpfVerdict.NEUTRAL}


class BadRecord(Exception):
    """Why a record cannot be read; a permanent error of whoever published it."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`domain` is a macro string, empty for the domain itself; `network` for ip4 and ip6; lengths for a and mx."""

    verdict: SpfVerdict
    name: str
    domain: str = ""
    network: IPv4Network | IPv6Network | None = None
    v4_length: int = 32
    v6_length: int = 128


@dataclass(frozen=True, slots=True)
class SpfRecord:
    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""
    explanation: str = ""


_VERSION = re.compile(r"v=spf1(?= |$)", re.IGNORECASE).match
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)", re.DOTALL).fullmatch
_MECHANISM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9]*)((?:[:/].*)?)", re.DOTALL).fullmatch
_LENGTHS = re.compile(r"(.*?)(?:/(0|[1-9]\d{0,2}))?(?://(0|[1-9]\d{0,2}))?", re.DOTALL).fullmatch
_MACRO = r"%\{[slodiphcrtvSLODIPHCRTV](?!0+[^0-9])[0-9]*[rR]?[.+,/_=-]*\}"
_MACRO_STRING = re.compile(rf"(?:{_MACRO}|%%|%_|%-|[\x21-\x24\x26-\x7e])*").fullmatch
_TOP_LABEL = r"(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])"
_DOMAIN_END = re.compile(rf"(?:{_MACRO}|\.{_TOP_LABEL}\.?)$").search
_EXPLAINING = re.compile(r"%\{[crtCRT]").search


def is_spf(text: str) -> bool:
    return _VERSION(text) is not None


def parse_spf(text: str) -> SpfRecord:
    """The whole record is read before any of it counts (section 4.6). Raises BadRecord."""
    if len(text) > LONGEST or not text.isascii():
        raise BadRecord("it is too long, or has characters that are not ASCII")
    terms = [term for term in text[len("v=spf1") :].split(" ") if term]
    if len(terms) > MOST_TERMS:
        raise BadRecord("it has too many terms")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in terms:
        modifier = _MODIFIER(term)
        if modifier:
            _note_modifier(modifiers, modifier[1].lower(), modifier[2])
        else:
            mechanisms.append(_mechanism(term))
    return SpfRecord(tuple(mechanisms), modifiers.get("redirect", ""), modifiers.get("exp", ""))


def _note_modifier(modifiers: dict[str, str], name: str, value: str) -> None:
    if name in ("redirect", "exp"):
        if name in modifiers:
            raise BadRecord(f"{name} stands in it twice")
        modifiers[name] = _domain_spec(value)
    elif not _MACRO_STRING(value):
        raise BadRecord(f"the value of {name} cannot be read")


def _mechanism(term: str) -> Mechanism:
    found = _MECHANISM(term)
    if not found:
        raise BadRecord("one of its terms cannot be read")
    verdict, name, rest = QUALIFIERS[found[1] or "+"], found[2].lower(), found[3]
    match name:
        case "all" if not rest:
            return Mechanism(verdict, name)
        case "include" | "exists" if rest.startswith(":"):
            return Mechanism(verdict, name, _domain_spec(rest[1:]))
        case "a" | "mx":
            return _with_lengths(verdict, name, rest)
        case "ptr" if not rest or rest.startswith(":"):
            return Mechanism(verdict, name, _domain_spec(rest[1:]) if rest else "")
        case "ip4" | "ip6" if rest.startswith(":"):
            return Mechanism(verdict, name, network=_network(name, rest[1:]))
    raise BadRecord(f"{name} is no mechanism, or not written like this")


def _with_lengths(verdict: SpfVerdict, name: str, rest: str) -> Mechanism:
    found = _LENGTHS(rest)
    assert found is not None
    domain, v4, v6 = found[1], int(found[2] or 32), int(found[3] or 128)
    if v4 > 32 or v6 > 128 or (domain and not domain.startswith(":")):
        raise BadRecord(f"{name} has a prefix length or a domain that cannot be")
    return Mechanism(verdict, name, _domain_spec(domain[1:]) if domain else "", None, v4, v6)


def _network(name: str, text: str) -> IPv4Network | IPv6Network:
    address, slash, length = text.partition("/")
    plain = length.isascii() and length.isdigit() and (length == "0" or not length.startswith("0"))
    if slash and not plain:
        raise BadRecord(f"{name} has a prefix length that cannot be")
    try:
        network = ip_network(f"{address}/{length}" if slash else address, strict=False)
    except ValueError as error:
        raise BadRecord(f"{name} has no address of that kind") from error
    if network.version != int(name[-1]) or "%" in address:
        raise BadRecord(f"{name} has no address of that kind")
    return network


def _domain_spec(text: str) -> str:
    """Section 7.1: a macro string that ends in a top label or in a macro."""
    if not _MACRO_STRING(text) or not _DOMAIN_END(text) or _EXPLAINING(text):
        raise BadRecord("a domain in it cannot be read")
    return text


def is_explanation(text: str) -> bool:
    """Section 6.2: macro strings with blanks between them."""
    return text.isascii() and all(_MACRO_STRING(part) for part in text.split(" "))


def spf_records(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if is_spf(text)]

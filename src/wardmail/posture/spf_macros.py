"""Expands the macros of an SPF record (RFC 7208 section 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

_MACRO = re.compile(r"%(?:\{([slodiphcrtvSLODIPHCRTV])(\d*)([rR]?)([.+,/_=-]*)\}|([%_-]))")
_LONGEST = 253
_MOST_TEXT = 1024


@dataclass(frozen=True, slots=True)
class MacroValues:
    """What stands behind the letters. `now` in seconds; `receiver` is our own host name."""

    ip: IPv4Address | IPv6Address
    local: str
    sender_domain: str
    helo: str
    now: float = 0.0
    receiver: str = "unknown"

    def by_letter(self, domain: str) -> dict[str, str]:
        return {
            "s": f"{self.local}@{self.sender_domain}",
            "l": self.local,
            "o": self.sender_domain,
            "d": domain,
            "i": dotted(self.ip),
            "h": self.helo,
            "c": str(self.ip),
            "r": self.receiver,
            "t": str(int(self.now)),
            "v": "in-addr" if self.ip.version == 4 else "ip6",
        }


def needs_validated_name(text: str) -> bool:
    return any((found[1] or "").lower() == "p" for found in _MACRO.finditer(text))


def needs_local_part(text: str) -> bool:
    return any((found[1] or "").lower() in ("s", "l") for found in _MACRO.finditer(text))


def expand(text: str, values: MacroValues, domain: str, validated_name: str = "unknown") -> str:
    """`domain` is the one whose record this is; `validated_name` stands for %{p}."""

    standing_for = values.by_letter(domain) | {"p": validated_name}

    def one(found: re.Match[str]) -> str:
        if found[5]:
            return {"%": "%", "_": " ", "-": "%20"}[found[5]]
        value = _transformed(standing_for[found[1].lower()], found[2], bool(found[3]), found[4])
        return quote(value, safe="-._~") if found[1].isupper() else value

    return _MACRO.sub(one, text)[: _MOST_TEXT * 4]


def expand_domain(text: str, values: MacroValues, domain: str, validated_name: str = "unknown") -> str:
    """A name that can be asked for: labels are dropped on the left until it is short enough (section 7.3)."""
    name = expand(text, values, domain, validated_name).rstrip(".")
    while len(name) > _LONGEST and "." in name:
        name = name.partition(".")[2]
    return name


def dotted(ip: IPv4Address | IPv6Address) -> str:
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", "").upper())


def reverse_name(ip: IPv4Address | IPv6Address) -> str:
    return ip.reverse_pointer


def _transformed(value: str, digits: str, backwards: bool, delimiters: str) -> str:
    parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
    if backwards:
        parts.reverse()
    count = int(digits[:4]) if digits else 0
    return ".".join(parts[-count:] if count else parts)

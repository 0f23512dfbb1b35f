"""Compares names of hosts and people with those that are protected: what looks alike, and what only begins alike."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna

_PAIRS = (
    "аa еe оo рp сc уy хx іi јj ѕs ԁd һh ӏl ѵv ԛq ԝw ԍg вb нh кk мm тt пn гr ьb ғf қk ɑa αa οo ρp νv ιi"
    " κk τt υu ωw ηn χx γy βb σo єe ɡg ıi łl ŀl ⅼl ƅb օo ոn սu հh ցg ḷl ạa ẹe ịi ọo ụu"
)
_LOOKALIKES = {ord(pair[0]): pair[1] for pair in _PAIRS.split()} | str.maketrans("0135|!$", "olesi" + "is")
_SCRIPTS = re.compile("[a-z]|([\u0370-\u03ff])|([\u0400-\u052f])|([\u0531-\u058a])|([\u13a0-\u13ff])")
_LONGEST = 253


@lru_cache(maxsize=4096)
def skeleton(name: str) -> str:
    """What is left when letters that look alike are made one: `rn` is m, zero is o."""
    plain = unicodedata.normalize("NFKD", name.lower()[:_LONGEST]).translate(_LOOKALIKES)
    plain = "".join([letter for letter in plain if not unicodedata.combining(letter)])
    return plain.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace("i", "l")


def in_letters(host: str) -> str:
    """Punycode as people see it; the host itself where it is no valid one."""
    if "xn--" not in host:
        return host
    labels = []
    for label in host.split("."):
        try:
            labels.append(label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label)
        except (UnicodeError, ValueError, IndexError):
            labels.append(label)
    return ".".join(labels)


def mixes_scripts(host: str) -> bool:
    """A label with Latin letters and Greek, Cyrillic, Armenian or Cherokee ones; or one all of look-alikes."""
    for label in in_letters(host).lower().split("."):
        others = [match for match in _SCRIPTS.finditer(label) if match.lastindex]
        if others and len(others) < sum(1 for _ in _SCRIPTS.finditer(label)):
            return True
        if others and skeleton(label).isascii():
            return True
    return False


def imitates(host: str, protected: tuple[str, ...]) -> bool:
    """Looks like a protected domain and is neither it nor below it."""
    host = in_letters(host.lower().rstrip("."))
    domains = [each.lower() for each in protected if "." in each and " " not in each]
    if any(host == each or host.endswith("." + each) for each in domains):
        return False
    return any(_is_like(host, each) for each in domains)


def begins_like(host: str, protected: tuple[str, ...]) -> bool:
    """`nhs.net.evil.example`, `nhs-net.evil.example`: a protected name stands where only the unwary look."""
    host = in_letters(host.lower().rstrip("."))
    domains = [each.lower() for each in protected if "." in each and " " not in each]
    if any(host == each or host.endswith("." + each) for each in domains):
        return False
    dashed = host.replace("-", ".").replace("_", ".")
    return any(f".{each}." in f".{dashed}" for each in domains)


def _is_like(host: str, domain: str) -> bool:
    count = domain.count(".") + 1
    tail = ".".join(host.split(".")[-count:])
    if skeleton(tail) == skeleton(domain):
        return True
    label, wanted = tail.partition(".")[0], domain.partition(".")[0]
    if len(wanted) < 5 or label == wanted:
        # Short names are near to everything; the same name elsewhere is judged by its ending alone.
        return False
    return abs(len(label) - len(wanted)) < 2 and is_one_apart(skeleton(label), skeleton(wanted))


def is_one_apart(one: str, other: str) -> bool:
    """One letter more, less, changed, or two that changed places."""
    if len(one) > len(other):
        one, other = other, one
    start = next((index for index, letter in enumerate(one) if other[index] != letter), len(one))
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    rest_one, rest_other = one[start:], other[start:]
    swapped = rest_one[:2] == rest_other[:2][::-1]
    return rest_one[1:] == rest_other[1:] or (swapped and rest_one[2:] == rest_other[2:])


def organisation_of(domain: str) -> str:
    """The registered name, near enough to tell two organisations apart without a list of public suffixes."""
    labels = domain.lower().rstrip(".").split(".")
    keep = 3 if len(labels) > 2 and len(labels[-1]) == 2 and (len(labels[-2]) <= 3 or labels[-2] in _SECOND) else 2
    return ".".join(labels[-keep:])


_SECOND = frozenset(["police", "parliament", "school", "judiciary"])


def to_ascii(host: str) -> str:
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return host

"""Finds the ARC sets of a message and checks that they form one chain (RFC 8617 sections 4.2 and 5.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wardmail.protect.canonical import relaxed_field
from wardmail.protect.dkim import Fields
from wardmail.protect.tags import BadTags, parse_tags

MOST_SETS = 50
LARGEST = 1024 * 1024

_RESULTS, _MESSAGE, _SEAL = b"arc-authentication-results", b"arc-message-signature", b"arc-seal"
_KINDS = (_RESULTS, _MESSAGE, _SEAL)
_INSTANCE = re.compile(r"[1-9][0-9]?").fullmatch
_RESULTS_INSTANCE = re.compile(rb"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,3})[ \t\r\n]*;").match


class BrokenChain(Exception):
    """Why the ARC fields form no chain: a sentence for people."""


@dataclass(frozen=True, slots=True)
class ArcSet:
    """Three raw fields of one instance, and the tags of the two that have tags."""

    results: bytes
    message: bytes
    seal: bytes
    message_tags: dict[str, str]
    seal_tags: dict[str, str]

    @property
    def sealer(self) -> str:
        return self.seal_tags.get("d", "").lower()

    @property
    def said(self) -> bytes:
        """What the sealer found out: an Authentication-Results value, behind the instance."""
        value = self.results.partition(b":")[2]
        return value.partition(b";")[2]

    @property
    def canonical(self) -> bytes:
        """In the order of RFC 8617 section 5.1.1."""
        return self.unsealed + relaxed_field(_SEAL, self.seal)

    @property
    def unsealed(self) -> bytes:
        return relaxed_field(_RESULTS, self.results) + relaxed_field(_MESSAGE, self.message)


def arc_sets(fields: Fields) -> tuple[ArcSet, ...]:
    """Instance 1 first; none when the message has no ARC field. Raises BrokenChain."""
    found = [(name, raw) for name, raw in fields if name in _KINDS]
    if len(found) > MOST_SETS * len(_KINDS) or sum(len(raw) for _, raw in found) > LARGEST:
        raise BrokenChain(f"there are more than {MOST_SETS} ARC sets, or they are too large")
    by_instance: dict[int, dict[bytes, tuple[bytes, dict[str, str]]]] = {}
    for name, raw in found:
        instance, tags = _read(name, raw)
        members = by_instance.setdefault(instance, {})
        if name in members:
            raise BrokenChain(f"ARC set {instance} has a field twice")
        members[name] = (raw, tags)
    if sorted(by_instance) != list(range(1, len(by_instance) + 1)):
        raise BrokenChain("an ARC set is missing")
    return tuple(_assembled(instance, by_instance[instance]) for instance in sorted(by_instance))


def _read(name: bytes, raw: bytes) -> tuple[int, dict[str, str]]:
    value = raw.partition(b":")[2]
    if name == _RESULTS:
        start = _RESULTS_INSTANCE(value)
        return _instance(start[1].decode() if start else ""), {}
    try:
        tags = parse_tags(value)
    except BadTags as error:
        raise BrokenChain(f"an ARC field cannot be read: {error}") from error
    return _instance(tags.get("i", "")), tags


def _instance(text: str) -> int:
    if not _INSTANCE(text) or int(text) > MOST_SETS:
        raise BrokenChain("an ARC field has no valid instance i=")
    return int(text)


def _assembled(instance: int, members: dict[bytes, tuple[bytes, dict[str, str]]]) -> ArcSet:
    if len(members) < len(_KINDS):
        raise BrokenChain(f"ARC set {instance} is not complete")
    (results, _), (message, message_tags), (seal, seal_tags) = (members[kind] for kind in _KINDS)
    return ArcSet(results, message, seal, message_tags, seal_tags)

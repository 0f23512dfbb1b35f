"""Reads who a message says it is from, the way the most trusting mail program would: every address counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wardmail.protocol.address import InvalidAddress, parse_mailboxes
from wardmail.protocol.domain import InvalidDomain, parse_domain

LARGEST_FIELD = 16 * 1024
MOST_AUTHORS = 50
MOST_FIELDS = 5

# Each of these goes through a text once, whatever stands in it.
_QUOTED_OR_NOT = re.compile(r'"(?:[^"\\]|\\.)*+"?|[^"]+', re.DOTALL)
_WORD = re.compile(r"[^\s<>()\[\],:;\"]+")
_BLANKS_ABOUT_AT = re.compile(r"[ \t]{0,64}@[ \t]{0,64}")


@dataclass(frozen=True, slots=True)
class Authors:
    """`addresses` as they stand there; `domains` in lower-case A-labels, each once. `problem` is empty, or says in a
    sentence why people may read From differently; without domains, nobody can be held to it."""

    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    problem: str = ""


def read_authors(values: Sequence[bytes]) -> Authors:
    """`values` are the unfolded values of all From fields."""
    if not values:
        return Authors(problem="The message has no From field.")
    if len(values) > MOST_FIELDS:
        return Authors(problem=f"The message has more than {MOST_FIELDS} From fields.")
    problem = f"The message has {len(values)} From fields." if len(values) > 1 else ""
    found: list[tuple[str, str]] = []
    for value in values:
        mailboxes, trouble = _mailboxes(value)
        problem = problem or trouble
        found += mailboxes
    addresses = tuple(dict.fromkeys(address for address, _ in found))
    if len(addresses) > MOST_AUTHORS:
        return Authors(problem="From names too many addresses.")
    domains: dict[str, None] = {}
    for _, written in found:
        domain = parse_domain(written.rstrip("."), allow_single_label=True)
        if isinstance(domain, InvalidDomain):
            return Authors(addresses, (), f"From names a domain that is none. {domain.reason}")
        domains[domain] = None
    return Authors(addresses, tuple(domains), problem)


def _mailboxes(value: bytes) -> tuple[list[tuple[str, str]], str]:
    """Address and domain of each mailbox; where the field is not written as it should be, of all that look like one."""
    if len(value) > LARGEST_FIELD:
        return [], f"From is longer than {LARGEST_FIELD // 1024} KiB."
    parsed = parse_mailboxes(value)
    if not isinstance(parsed, InvalidAddress):
        return [(str(address), address.domain) for address in parsed], "" if parsed else "From names nobody."
    # Text in quotation marks is a name to everybody; what else looks like an address is one to somebody.
    text = _without_names(_BLANKS_ABOUT_AT.sub("@", value.decode("utf-8", "replace")))
    alike = [word for word in _WORD.findall(text) if "@" in word]
    found = [(_shown(each), each.partition("@")[2]) for each in alike]
    if not found or any("@" in domain or not domain for _, domain in found):
        return [], f"From cannot be read. {parsed.reason}"
    return found, "" if len(
        {domain.lower() for _, domain in found}
    ) == 1 else f"From can be read in more than one way. {parsed.reason}"


def _without_names(text: str) -> str:
    """Quoted strings become blanks, but for one that is not closed, and the quoted part before an @."""
    kept: list[str] = []
    for found in _QUOTED_OR_NOT.finditer(text):
        piece = found[0]
        is_name = piece[0] == '"' and len(piece) > 1 and piece[-1] == '"' and text[found.end() : found.end() + 1] != "@"
        kept.append(" " if is_name else piece)
    return "".join(kept)


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)

"""Strict parsing of a domain name into lower-case A-labels.

Non-ASCII labels are taken as IDNA 2008 U-labels after lower-casing and nothing else (no UTS 46 mapping), so a
full-width or look-alike character is refused, or stays the different domain that it is (SHARE-2).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LABEL_ONLY = re.compile(LABEL).fullmatch
_LONGEST_LABEL = 63
_LONGEST_DOMAIN = 253


@dataclass(frozen=True, slots=True)
class InvalidDomain:
    """Why a text is no domain name: a sentence for people, without the name itself."""

    reason: str


def parse_domain(text: str, *, allow_single_label: bool = False) -> str | InvalidDomain:
    """The domain as lower-case A-labels, each checked (RFC 5890 2.3); address literals are refused."""
    problem = _problem_of_whole(text)
    if problem:
        return InvalidDomain(problem)
    labels = text.lower().split(".")
    problem = _problem_of_labels(labels, allow_single_label)
    if problem:
        return InvalidDomain(problem)
    checked: list[str] = []
    for label in labels:
        answer = _checked_label(label)
        if isinstance(answer, InvalidDomain):
            return answer
        checked.append(answer)
    domain = ".".join(checked)
    if len(domain) > _LONGEST_DOMAIN:
        return InvalidDomain(f"The domain is longer than {_LONGEST_DOMAIN} characters.")
    return domain


def has_foreign_digit(text: str) -> bool:
    return any(character > "\x7f" and character.isdigit() for character in text)


def _problem_of_whole(text: str) -> str:
    if not text:
        return "The domain is empty."
    if text[0] == "[":
        return "Address literals ([192.0.2.1]) are not accepted: give a domain name."
    if "(" in text:
        return "Comments are not accepted in an address."
    if len(text) > _LONGEST_DOMAIN:
        return f"The domain is longer than {_LONGEST_DOMAIN} characters."
    if has_foreign_digit(text):
        return "The domain contains digits that are not ASCII."
    # Lower-casing alone would turn the Kelvin sign into the letter k, and so a stranger into gov.uk.
    if unicodedata.normalize("NFKC", text) != text:
        return "The domain contains full-width or other look-alike forms of letters."
    return ""


def _problem_of_labels(labels: list[str], allow_single_label: bool) -> str:
    if not all(labels):
        return "The domain starts or ends with a dot, or has two dots together."
    is_label = not labels[0].isascii() or _LABEL_ONLY(labels[0])
    if len(labels) == 1 and is_label and not allow_single_label:
        return "The domain has only one label: give the full domain name."
    if labels[-1].isdigit():
        return "The domain ends in a number: network addresses are not accepted."
    if any(len(label) > _LONGEST_LABEL for label in labels):
        return f"A label of the domain is longer than {_LONGEST_LABEL} characters."
    return ""


def _checked_label(label: str) -> str | InvalidDomain:
    if label.isascii() and not label.startswith("xn--"):
        if _LABEL_ONLY(label):
            return label
        return InvalidDomain("The domain contains a character that is not allowed there.")
    try:
        return idna.alabel(label).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return InvalidDomain("The domain contains a label that is not valid internationalised (IDNA 2008) text.")

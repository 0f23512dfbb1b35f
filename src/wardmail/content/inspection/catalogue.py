"""The closed list of findings: each has an ID that stays, a severity, a weight, and a sentence."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from wardmail.content.inspection.catalogue_files import ARCHIVES, NAMES, OFFICE, PDF, STRUCTURE, TYPES
from wardmail.content.inspection.catalogue_people import HTML, LINKS, SENDERS
from wardmail.model.inspection import Finding, Severity


@dataclass(frozen=True, slots=True)
class Kind:
    """`sentence` may have a place for `{words}`: names, hosts and types, never text of the message."""

    id: str
    severity: Severity
    weight: int
    sentence: str


GROUPS = {
    "How the message is built": STRUCTURE,
    "Names of files": NAMES,
    "Types of files": TYPES,
    "Archives": ARCHIVES,
    "Office documents": OFFICE,
    "PDF": PDF,
    "HTML and SVG": HTML,
    "Links": LINKS,
    "Who it says it is from": SENDERS,
}
KINDS = {row[0]: Kind(*row) for rows in GROUPS.values() for row in rows}

_LONGEST_WORDS = 120
_BLANKS = re.compile(r"\s+")


def found(finding_id: str, part: str = "", words: str = "") -> Finding:
    """`words` come from the message: they are shortened, and what would act on a terminal or a page is taken out."""
    kind = KINDS[finding_id]
    return Finding(kind.id, kind.severity, kind.weight, kind.sentence.replace("{words}", harmless(words) or "?"), part)


def harmless(words: str, longest: int = _LONGEST_WORDS) -> str:
    """Invisible, turning and control characters become `?`."""
    words = words[: longest + 1]
    if not words.isprintable():
        words = "".join([letter if _is_plain(letter) else "?" for letter in _BLANKS.sub(" ", words)])
    return words if len(words) <= longest else words[: longest - 1] + "…"


def _is_plain(letter: str) -> bool:
    return letter == " " or unicodedata.category(letter)[0] not in "CZ"

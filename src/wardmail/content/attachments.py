"""Lists the files in a message as people think of them, within the reader's budget: names, types by content, findings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wardmail.content.inspection.catalogue import harmless
from wardmail.content.inspection.file import extension_of
from wardmail.content.inspection.magic import detect, opened_as
from wardmail.content.mime.leaf import Leaf, Limits
from wardmail.content.mime.reader import read_message
from wardmail.model.inspection import Finding, Inspection, Severity

MOST = 200
"""Files that are listed; who sends more hides something, or floods."""

_LONGEST_NAME = 150
_MOST_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """`n` counts from 1, as the message has them; `name` is safe to show. `size` in octets, decoded; `kind` by content.

    `looked_into` is false where the inspection did not come so far, or broke down: then no finding proves nothing.
    """

    n: int
    name: str
    declared: str
    kind: str
    size: int
    sha256: str
    looked_into: bool
    findings: tuple[Finding, ...] = ()

    @property
    def is_dangerous(self) -> bool:
        return any(each.severity is Severity.DANGEROUS for each in self.findings)


@dataclass(frozen=True, slots=True)
class AttachedFiles:
    """`gap` says what is not listed, or could not be looked into; empty when all was."""

    files: tuple[AttachedFile, ...]
    gap: str = ""


def attached_files(message: bytes, seen: Inspection, limits: Limits | None = None) -> AttachedFiles:
    """`seen` is the inspection of the same message; never raises for what a message holds."""
    findings, kinds = _by_path(seen), _kinds(seen)
    leaves, spending = read_message(message, limits)
    found: list[AttachedFile] = []
    left_out = 0
    for n, leaf in _numbered(leaves):
        if n > MOST:
            left_out += 1
            continue
        found.append(_file(n, leaf, kinds.get(leaf.path), _below(leaf.path, findings)))
    gaps = [
        f"{left_out} more files are not listed." if left_out else "",
        "Parts of it could not be read." if spending.faults else "",
        " ".join(each.sentence for each in seen.findings if each.severity is Severity.UNREADABLE),
    ]
    return AttachedFiles(tuple(found), " ".join(filter(None, gaps)))


def attached_file(
    message: bytes, n: int, seen: Inspection | None = None, limits: Limits | None = None
) -> tuple[AttachedFile, bytes] | None:
    """The file with this number and its octets, read once; None when there is none, or it is beyond what is read.

    `seen` None: nobody asks what was found in it.
    """
    findings, kinds = (_by_path(seen), _kinds(seen)) if seen is not None else ({}, {})
    leaves, _ = read_message(message, limits)
    for number, leaf in _numbered(leaves):
        if number == n <= MOST:
            return _file(n, leaf, kinds.get(leaf.path), _below(leaf.path, findings)), leaf.octets
    return None


def _numbered(leaves: Iterator[Leaf]) -> Iterator[tuple[int, Leaf]]:
    yield from enumerate((leaf for leaf in leaves if not leaf.is_body), start=1)


def _file(n: int, leaf: Leaf, kind: str | None, findings: Sequence[Finding]) -> AttachedFile:
    """`kind` is what the inspection took it for; None when it never saw it."""
    name = leaf.names[0] if leaf.names else ""
    return AttachedFile(
        n,
        harmless(name, _LONGEST_NAME),
        leaf.declared[:100],
        kind or opened_as(detect(leaf.octets), extension_of(name), leaf.declared),
        len(leaf.octets),
        hashlib.sha256(leaf.octets).hexdigest(),
        kind is not None,
        tuple(dict.fromkeys(findings))[:_MOST_FINDINGS],
    )


def _kinds(seen: Inspection) -> Mapping[str, str]:
    return {part.path: part.detected_type for part in seen.parts}


def _by_path(seen: Inspection) -> Mapping[str, Sequence[Finding]]:
    found: dict[str, list[Finding]] = {}
    for each in seen.all_findings:
        if each.part:
            found.setdefault(each.part, []).append(each)
    return found


def _below(path: str, findings: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """Of the file, and of what is packed in it; the gravest first."""
    mine = [each for part, some in findings.items() if part == path or part.startswith(f"{path}/") for each in some]
    return sorted(mine, key=lambda each: _GRAVITY.index(each.severity))


_GRAVITY = (Severity.DANGEROUS, Severity.UNREADABLE, Severity.SUSPICIOUS, Severity.NOTE)

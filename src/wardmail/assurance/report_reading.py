"""Finds DMARC and TLS reports in a message, an archive or a file, within budgets: whoever sends them may mean harm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wardmail.content.inspection.archives.unpack import Damaged, TooLarge, gunzip
from wardmail.content.inspection.archives.zip import read_directory, unpacked
from wardmail.content.mime.leaf import Leaf, Limits
from wardmail.content.mime.reader import read_message
from wardmail.model.aggregate_report import Report
from wardmail.protocol.aggregate_words import BadReport
from wardmail.protocol.dmarc_report import read_dmarc_report
from wardmail.protocol.tls_report import read_tls_report

LARGEST = 10 * 1024 * 1024
"""Of a message or a file, in octets."""

_LARGEST_XML, _LARGEST_JSON = 16 * 1024 * 1024, 4 * 1024 * 1024
_MOST_DOCUMENTS = 10
_LIMITS = Limits(depth=8, parts=50, decoded=LARGEST, message=LARGEST)
_ENDINGS = (".xml", ".json", ".gz", ".zip")
_TYPES = frozenset(
    {
        "application/gzip",
        "application/json",
        "application/octet-stream",
        "application/tlsrpt+gzip",
        "application/tlsrpt+json",
        "application/x-gzip",
        "application/x-zip-compressed",
        "application/xml",
        "application/zip",
        "text/xml",
    }
)


@dataclass(frozen=True, slots=True)
class Unread:
    """Why something that looked like a report cannot be used; a sentence."""

    why: str


def reports_in(octets: bytes) -> list[Report | Unread]:
    """In a message, an archive, or a report as it is; one Unread when there is nothing like a report."""
    if len(octets) > LARGEST:
        return [Unread(f"It is larger than {LARGEST // (1024 * 1024)} MB.")]
    documents = [octets] if _is_document(octets) else list(_attached(octets))
    if not documents:
        return [Unread("There is no report in it.")]
    found: list[Report | Unread] = []
    left = _LARGEST_XML
    for each in documents[:_MOST_DOCUMENTS]:
        try:
            opened = _opened(each, left)
            left -= len(opened)
            found += _read(opened)
        except BadReport as problem:
            words = str(problem)
            found.append(Unread(f"{words[:1].upper()}{words[1:]}."))
    if len(documents) > _MOST_DOCUMENTS:
        found.append(Unread(f"It has more than {_MOST_DOCUMENTS} reports: the rest was left alone."))
    return found


def _attached(message: bytes) -> Iterator[bytes]:
    leaves, _ = read_message(message, _LIMITS)
    for leaf in leaves:
        if _may_be_report(leaf) and _is_document(leaf.octets):
            yield leaf.octets


def _may_be_report(leaf: Leaf) -> bool:
    return leaf.declared in _TYPES or any(name.lower().endswith(_ENDINGS) for name in leaf.names)


def _is_document(octets: bytes) -> bool:
    return octets.startswith((b"PK\x03\x04", b"\x1f\x8b")) or _text_of(octets)[:1] in {b"<", b"{"}


def _text_of(octets: bytes) -> bytes:
    return octets[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()


def _read(octets: bytes) -> list[Report]:
    if _text_of(octets).startswith(b"{"):
        if len(octets) > _LARGEST_JSON:
            raise BadReport("it is too large")
        return [*read_tls_report(octets)]
    return [read_dmarc_report(octets)]


def _opened(octets: bytes, left: int) -> bytes:
    """Of one packing, and not of one within another; `left` for all of a message together. Raises BadReport."""
    if len(octets) > left:
        raise BadReport("there is too much in one message")
    try:
        if octets.startswith(b"\x1f\x8b"):
            return gunzip(octets, left)
        if octets.startswith(b"PK"):
            return _only_member(octets, left)
    except TooLarge:
        raise BadReport("what is packed in it is too large") from None
    except Damaged:
        raise BadReport("it is damaged") from None
    return octets


def _only_member(octets: bytes, left: int) -> bytes:
    directory = read_directory(octets)
    if directory.fault or len(directory.entries) != 1:
        raise BadReport("an archive of reports holds exactly one file, and is sound")
    member = unpacked(octets, directory.entries[0], left)
    # A report of many records that are alike packs very well: what is refused is the size, not the ratio.
    if member.octets is None:
        raise BadReport("its archive cannot be opened, or holds too much")
    return member.octets

"""What is read out of the store for pages and programs, as records with the names that `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """`following` is where the next page begins; empty after the last one."""

    records: Sequence[Record]
    following: str = ""


class NoSuchPage(Exception):
    """The `after` that was asked for is `following` of no page."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """`text` is an address, a message ID or the beginning of one; `after` is `following` of an earlier page.

    `status` is one state, or several with commas between them; `domain` is that of the recipient, `sent_by` the
    credential that a message came with.
    """

    integration: str
    text: str = ""
    status: str = ""
    since: float = 0.0
    after: str = ""
    limit: int = 50
    domain: str = ""
    sent_by: str = ""

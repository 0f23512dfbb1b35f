"""What is read out of the store for pages and programs, as records with the names that `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """`following` is where the next page begins; empty after the last one."""

    records: Sequence[Record]
    following: str = ""


class NoSuchPage(Exception):
    """The `after` that was asked for is `following` of no page."""


class FoundBy(IntEnum):
    """What a text is compared with; each of them takes those before it in.

    Names are an application's own Message-ID and reference, which anybody can give: who asks for one message by our ID
    must not be shown another that has it for its name.
    """

    ADDRESS_OR_ID = 1
    NAME = 2
    SUBJECT = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """`text` is an address, a message ID or the beginning of one, or what `found_by` allows besides.

    `after` is `following` of an earlier page.

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
    found_by: FoundBy = FoundBy.ADDRESS_OR_ID

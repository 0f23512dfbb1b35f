"""What the pages for those who run the gateway stand on, besides what all pages do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wardmail.inbound.quarantine import Quarantine
from wardmail.model.reading import Record
from wardmail.ports import KeptBack, SourceRecords, Theatre
from wardmail.web.pages.services import ConsoleServices


@dataclass(frozen=True, slots=True)
class OperateServices:
    """`settings` gives key, value, origin and meaning of each; `theatre` is None where there is no sandbox."""

    console: ConsoleServices
    kept_back: KeptBack
    quarantine: Quarantine
    sources: SourceRecords
    settings: Callable[[], Sequence[Record]]
    theatre: Theatre | None = None

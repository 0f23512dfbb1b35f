"""What the pages for those who run the gateway stand on, besides what all pages do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wardmail.inbound.quarantine import Quarantine
from wardmail.model.reading import Record
from wardmail.ports import ArrivalRecords, ArrivalStories, KeptBack, SourceRecords, Theatre, WebhookBook
from wardmail.web.api.office import AuditDesk, WaitingMail
from wardmail.web.pages.services import ConsoleServices


@dataclass(frozen=True, slots=True)
class OperateServices:
    """`lists` tells of each list of organisations how old it is, as pairs for people.

    `settings` gives key, value, origin and meaning of each; `theatre` is None where there is no sandbox.
    """

    console: ConsoleServices
    arrivals: ArrivalRecords
    stories: ArrivalStories
    kept_back: KeptBack
    quarantine: Quarantine
    sources: SourceRecords
    waiting: WaitingMail
    webhooks: WebhookBook
    audit: AuditDesk
    lists: Callable[[], Sequence[tuple[str, str]]]
    settings: Callable[[], Sequence[Record]]
    theatre: Theatre | None = None

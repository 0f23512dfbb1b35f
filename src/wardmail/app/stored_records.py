"""Reads what is stored for pages and programs, as the records that `--json` prints."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wardmail.app import arrival_output, webhook_output
from wardmail.app.message_finding import clues_of
from wardmail.app.message_output import as_record, held_record, most_pressing
from wardmail.app.output import rfc3339
from wardmail.model.arrival import ArrivalState
from wardmail.model.delivery import RecipientState
from wardmail.model.reading import NoSuchPage, Page, Record, Wanted
from wardmail.model.webhook_endpoint import WebhookEndpoint
from wardmail.ports import Blinder
from wardmail.store.hold_tasks import HoldTasks
from wardmail.store.inbox import ArrivalSearch, Inbox
from wardmail.store.messages import MessageLine, Messages, Search
from wardmail.store.webhooks import StoreWebhooks

_ID = re.compile(r"[0-9A-Z]{18}")
_CURSOR = re.compile(r"([0-9A-Z]{18})-([0-9]{1,6})")


class StoredMessageRecords:
    """Implements `ports.MessageRecords` over the store."""

    def __init__(self, messages: Messages, blinder: Blinder) -> None:
        self._messages = messages
        self._blinder = blinder

    def of_message(self, integration: str, message_id: str, sent_by: str = "") -> Sequence[Record]:
        if not self._is_of(integration, message_id, sent_by):
            return ()
        return [as_record(line) for line in self._messages.search(Search(message_id, limit=1000))]

    def search(self, wanted: Wanted) -> Page:
        lines = self._messages.search(
            Search(
                wanted.text,
                states=tuple(filter(None, wanted.status.split(","))),
                integration=wanted.integration,
                sent_by=wanted.sent_by,
                domain=wanted.domain,
                since=wanted.since,
                limit=wanted.limit + 1,
                after=_place(wanted.after) if wanted.after else None,
                clues=clues_of(self._blinder, wanted.text, wanted.found_by),
            )
        )
        shown = lines[: wanted.limit]
        following = f"{shown[-1].message_id}-{shown[-1].n}" if len(lines) > wanted.limit else ""
        return Page([as_record(line) for line in shown], following)

    def history(self, integration: str, message_id: str, sent_by: str = "") -> Sequence[Record]:
        if not self._is_of(integration, message_id, sent_by):
            return ()
        return [
            {"seq": each.seq, "at": rfc3339(each.at), "type": each.kind, "actor": each.actor, "detail": each.detail}
            for each in self._messages.history(message_id)
        ]

    def _is_of(self, integration: str, message_id: str, sent_by: str) -> bool:
        if not _ID.fullmatch(message_id):
            return False
        if not integration:
            return self._messages.exists(message_id)
        return self._messages.of_integration(integration, message_id, sent_by)


class StoredHeldRecords:
    """Implements `ports.HeldRecords` over the store."""

    def __init__(self, messages: Messages, tasks: HoldTasks) -> None:
        self._messages = messages
        self._tasks = tasks

    def waiting(self, limit: int) -> Sequence[Record]:
        tasks = self._tasks.all_open()
        pairs = [(line, tasks.get((line.message_id, line.n))) for line in self._held("", limit)]
        return [held_record(*pair) for pair in sorted(pairs, key=most_pressing)]

    def of_message(self, message_id: str) -> Sequence[Record]:
        if not _ID.fullmatch(message_id):
            return ()
        tasks = {task.n: task for task in self._tasks.of_message(message_id)}
        return [held_record(line, tasks.get(line.n)) for line in self._held(message_id, 1000)]

    def matching(self, wanted: Wanted) -> Page:
        urgent, _, place = wanted.after.partition("-")
        if urgent not in ("", "0", "1"):
            raise NoSuchPage
        search = Search(
            states=(RecipientState.HELD.value,),
            integration=wanted.integration,
            domain=wanted.domain,
            limit=wanted.limit + 1,
            after=_place(place) if wanted.after else None,
            after_urgent=urgent == "1",
            most_pressing=True,
        )
        lines, tasks = self._messages.search(search), self._tasks.all_open()
        shown = lines[: wanted.limit]
        following = f"{int(shown[-1].urgent)}-{shown[-1].message_id}-{shown[-1].n}" if len(lines) > wanted.limit else ""
        return Page([held_record(line, tasks.get((line.message_id, line.n))) for line in shown], following)

    def cancel(self, message_id: str, only: Sequence[int], actor: str, reason: str) -> int:
        to = RecipientState.CANCELLED
        return len(self._messages.change_state([message_id], to=to, actor=actor, reason=reason, only=only))

    def _held(self, text: str, limit: int) -> Sequence[MessageLine]:
        return self._messages.search(Search(text, states=(RecipientState.HELD.value,), limit=limit, most_pressing=True))


class StoredArrivalRecords:
    """Implements `ports.ArrivalRecords` over the store."""

    def __init__(self, inbox: Inbox, blinder: Blinder) -> None:
        self._inbox = inbox
        self._blinder = blinder

    def one(self, integration: str, arrival_id: str) -> Record | None:
        if not _ID.fullmatch(arrival_id):
            return None
        found = self._inbox.search(ArrivalSearch(arrival_id, integration=integration, limit=1))
        return arrival_output.as_record(found[0]) if found else None

    def search(self, wanted: Wanted) -> Page:
        if wanted.after and not _ID.fullmatch(wanted.after):
            raise NoSuchPage
        found = self._inbox.search(
            ArrivalSearch(
                wanted.text,
                (ArrivalState(wanted.status),) if wanted.status else (),
                wanted.integration,
                since=wanted.since,
                limit=wanted.limit + 1,
                after=wanted.after,
                clues=clues_of(self._blinder, wanted.text, wanted.found_by),
            )
        )
        shown = found[: wanted.limit]
        following = shown[-1].id if len(found) > wanted.limit else ""
        return Page([arrival_output.as_record(each) for each in shown], following)


class StoredWebhookRecords:
    """Implements `ports.WebhookRecords` over the store."""

    def __init__(self, webhooks: StoreWebhooks) -> None:
        self._webhooks = webhooks

    def of_integration(self, integration: str) -> Sequence[Record]:
        return [webhook_output.as_record(each) for each in self._webhooks.all() if each.integration == integration]

    def deliveries(
        self, integration: str, endpoint_id: str, *, failed: bool, limit: int, before: int | None = None
    ) -> Page | None:
        if self._one(integration, endpoint_id) is None:
            return None
        return webhook_output.page_of(self._webhooks, endpoint_id, failed=failed, limit=limit, before=before)

    def replay(self, integration: str, endpoint_id: str, seq: int, actor: str) -> bool:
        endpoint = self._one(integration, endpoint_id)
        return endpoint is not None and self._webhooks.replay(endpoint, [seq], actor, "asked for by the API") > 0

    def _one(self, integration: str, endpoint_id: str) -> WebhookEndpoint | None:
        mine = (each for each in self._webhooks.all() if each.integration == integration)
        return next((each for each in mine if each.id == endpoint_id), None)


def _place(cursor: str) -> tuple[str, int]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise NoSuchPage
    return match.group(1), int(match.group(2))

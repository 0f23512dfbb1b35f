"""Collects from a mailbox by Microsoft Graph: the delta query says what is there, `$value` gives the octets."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.graph_folders import LARGEST_PAGE, GraphFolders, object_of, values_of
from wardmail.edges.mailboxes.graph_subscription import GraphSubscription
from wardmail.edges.mailboxes.web_service import WebAnswer, WebRequest, WebService
from wardmail.model.mailbox import Gone, Listing, MailboxAccount, MailboxItem, Settlement, TooLarge
from wardmail.model.refusal import Unavailable

# An ID that a move does not change: without it, what was collected could be collected again under another name.
_IMMUTABLE = 'IdType="ImmutableId"'
_ID = re.compile(r"[A-Za-z0-9+/=_-]{1,1024}")
_MOST_ITEMS = 200_000
_MOST_PAGES = 4_000
_POLL = 60.0
_RETRIEVE = 600.0


class GraphMailbox:
    """Implements `ports.Mailbox`. A cursor is the path of a delta link.

    Without a subscription to its changes the mailbox is to be looked at once a minute.
    """

    def __init__(
        self, account: MailboxAccount, access: MailboxAccess, subscription: GraphSubscription | None = None
    ) -> None:
        self._account = account
        self._service = WebService(account, access)
        self._mailbox = f"/v1.0/users/{quote(account.username, safe='')}"
        self._folders = GraphFolders(self._service, self._mailbox)
        self._subscription = subscription

    async def look(self, cursor: str = "") -> Listing:
        if cursor:
            listing = await self._changes(cursor)
            if listing is not None:
                return replace(listing, whole=False)
        self._folders.forget()
        folder = await self._folders.id_of(self._account.folder)
        listing = await self._changes(f"{self._mailbox}/mailFolders/{quote(folder, safe='')}/messages/delta?$select=id")
        if listing is None:
            raise Unavailable(self._service.name, "it has forgotten what it just began to list")
        return listing

    async def fetch(self, item: MailboxItem) -> bytes | TooLarge | Gone:
        target = f"{self._message(item.key)}/$value"
        limit = self._account.largest
        answer = await self._service.ask(
            WebRequest("GET", target, limit=limit, headers=_preferring(), seconds=_RETRIEVE)
        )
        if _is_gone(answer):
            return Gone(item.key)
        if answer.status != 200:
            raise Unavailable(self._service.name, f"it answered {answer.status} for a message")
        return answer.body if answer.whole else TooLarge(item.key, limit)

    async def settle(self, keys: Sequence[str]) -> Sequence[str]:
        done = await self._folders.made(self._account.done_folder) if self._moves and keys else ""
        outcomes = await asyncio.gather(*(self._settle(key, done) for key in keys), return_exceptions=True)
        settled = [key for key, outcome in zip(keys, outcomes, strict=True) if outcome is True]
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures and not settled:
            raise failures[0]
        return settled

    async def watch(self, seconds: float) -> None:
        if self._subscription is None:
            await asyncio.sleep(min(seconds, _POLL))
            return
        folder = await self._folders.id_of(self._account.folder)
        resource = f"{self._mailbox.removeprefix('/v1.0')}/mailFolders/{quote(folder, safe='')}/messages"
        await self._subscription.wait(self._service, resource, seconds)

    async def close(self) -> None:
        if self._subscription is not None:
            await self._subscription.end(self._service)
        await self._service.close()

    @property
    def _moves(self) -> bool:
        return self._account.settlement is Settlement.MOVE

    async def _changes(self, target: str) -> Listing | None:
        """All pages of one round; None when the service has forgotten the cursor (410)."""
        found: dict[str, MailboxItem] = {}
        for _ in range(_MOST_PAGES):
            answer = await self._service.ask(WebRequest("GET", target, limit=LARGEST_PAGE, headers=_preferring(200)))
            if answer.status == 410 or (answer.status == 400 and _code(answer).startswith("syncstate")):
                return None
            self._take(found, answer)
            page = object_of(self._service, answer)
            if "@odata.deltaLink" in page:
                return Listing(tuple(found.values()), self._service.path_of(page["@odata.deltaLink"]))
            following = self._service.path_of(page.get("@odata.nextLink"))
            if following == target or len(found) > _MOST_ITEMS:
                break
            target = following
        raise Unavailable(self._service.name, "its list does not end")

    def _take(self, found: dict[str, MailboxItem], answer: WebAnswer) -> None:
        for row in values_of(self._service, answer):
            key = row.get("id")
            if not isinstance(key, str) or not _ID.fullmatch(key):
                raise Unavailable(self._service.name, "it names a message in a way that is not its own")
            if "@removed" in row:
                found.pop(key, None)
            else:
                found[key] = MailboxItem(key)

    async def _settle(self, key: str, done: str) -> bool:
        """Whether the copy is out of the folder that is collected from."""
        if self._moves:
            body = json.dumps({"destinationId": done}).encode()
            headers = _preferring() | {"Content-Type": "application/json"}
            answer = await self._service.ask(
                WebRequest("POST", f"{self._message(key)}/move", limit=LARGEST_PAGE, headers=headers, body=body)
            )
        else:
            answer = await self._service.ask(
                WebRequest("DELETE", self._message(key), limit=LARGEST_PAGE, headers=_preferring())
            )
        return answer.status in {200, 201, 204} or _is_gone(answer)

    def _message(self, key: str) -> str:
        return f"{self._mailbox}/messages/{quote(key, safe='')}"


def _preferring(page: int | None = None) -> dict[str, str]:
    return {"Prefer": _IMMUTABLE + (f", odata.maxpagesize={page}" if page else "")}


def _is_gone(answer: WebAnswer) -> bool:
    """A 404 alone may be about the mailbox: then the message is still there, and nobody may forget it."""
    return answer.status == 404 and _code(answer) == "erroritemnotfound"


def _code(answer: WebAnswer) -> str:
    """The word for what went wrong, in lower case; empty when there is none."""
    try:
        return str(json.loads(answer.body)["error"]["code"]).lower()
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""

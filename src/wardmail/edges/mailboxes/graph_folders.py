"""Finds a mailbox's folders at Microsoft Graph by the names that people know them by, and makes the one for what is done."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from wardmail.edges.mailboxes.web_service import WebAnswer, WebRequest, WebService
from wardmail.model.refusal import Unavailable

LARGEST_PAGE = 8 * 1024 * 1024
_WELL_KNOWN = frozenset({"archive", "clutter", "deleteditems", "inbox", "junkemail", "msgfolderroot"})


class GraphFolders:
    """`mailbox` is the path of the user, as in `/v1.0/users/clinic%40trust.example`."""

    def __init__(self, service: WebService, mailbox: str) -> None:
        self._service = service
        self._mailbox = mailbox
        self._known: dict[str, str] = {}

    async def id_of(self, name: str) -> str:
        """`name` is a well-known one or a path of display names (`Clinics/Letters`). Raises Unavailable if it is not there."""
        if name.lower() in _WELL_KNOWN:
            return name.lower()
        if name not in self._known:
            within = ""
            for step in name.split("/"):
                found = await self._find(within, step)
                if found is None:
                    raise Unavailable(self._service.name, f"it has no folder {name}")
                within = found
            self._known[name] = within
        return self._known[name]

    async def made(self, name: str) -> str:
        """As id_of; makes a folder beside the inbox that is not there yet."""
        if "/" not in name and name.lower() not in _WELL_KNOWN and await self._find("", name) is None:
            body = json.dumps({"displayName": name}).encode()
            answer = await self._service.ask(
                WebRequest(
                    "POST",
                    f"{self._mailbox}/mailFolders",
                    limit=LARGEST_PAGE,
                    headers={"Content-Type": "application/json"},
                    body=body,
                )
            )
            if answer.status not in {201, 409}:  # 409: another process made it meanwhile
                raise Unavailable(self._service.name, f"it does not make the folder {name} ({answer.status})")
        return await self.id_of(name)

    def forget(self) -> None:
        self._known.clear()

    async def _find(self, within: str, name: str) -> str | None:
        collection = f"/mailFolders/{quote(within, safe='')}/childFolders" if within else "/mailFolders"
        wanted = quote(f"displayName eq '{name.replace(chr(39), chr(39) * 2)}'", safe="")
        target = f"{self._mailbox}{collection}?$filter={wanted}&$select=id,displayName&includeHiddenFolders=true"
        answer = await self._service.ask(WebRequest("GET", target, limit=LARGEST_PAGE))
        rows = values_of(self._service, answer)
        same = [row.get("id") for row in rows if str(row.get("displayName")).casefold() == name.casefold()]
        return same[0] if same and isinstance(same[0], str) else None


def values_of(service: WebService, answer: WebAnswer) -> list[dict[str, Any]]:
    """The rows of a collection. Raises Unavailable for anything else."""
    rows = object_of(service, answer).get("value")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unavailable(service.name, "its answer is no collection")
    return rows


def object_of(service: WebService, answer: WebAnswer) -> dict[str, Any]:
    if answer.status >= 300 or not answer.whole:
        raise Unavailable(service.name, f"it answered {answer.status}" if answer.whole else "its answer is too long")
    try:
        fields = json.loads(answer.body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise Unavailable(service.name, "its answer is no JSON object")
    return fields

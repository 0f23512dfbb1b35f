"""Asks Exchange Web Services, keeps to the pauses that it wants, and takes nothing for an answer that is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.web_service import WebAnswer, WebRequest, WebService
from wardmail.model.mailbox import MailboxAccount
from wardmail.model.refusal import Unavailable
from wardmail.protocol import ews

T = TypeVar("T")

_PATH = "/EWS/Exchange.asmx"
_LARGEST_PAGE = 8 * 1024 * 1024
_TRIES = 3


class EwsCalls:
    def __init__(self, account: MailboxAccount, access: MailboxAccess) -> None:
        self.service = WebService(account, access)
        self._acting_for = account.username if access.by_token else ""
        self._headers = {"Content-Type": "text/xml; charset=utf-8", "X-AnchorMailbox": account.username}

    async def ask(self, request: str, wanted: int = 1) -> tuple[ews.Told, ...]:
        """What was told of each of the `wanted` things."""
        told = await self.ask_within(request, _LARGEST_PAGE, 60.0)
        if told is None or len(told) != wanted:
            raise self.unavailable("its answer is too long, or not about what was asked for")
        return told

    async def ask_within(self, request: str, limit: int, seconds: float) -> tuple[ews.Told, ...] | None:
        """None when the answer is longer than `limit` octets."""
        body = ews.envelope(request, self._acting_for)
        for _ in range(_TRIES):
            answer = await self.service.ask(WebRequest("POST", _PATH, limit, self._headers, body, seconds))
            if not answer.whole:
                return None
            told = await asyncio.to_thread(self._read_answer, answer)  # may be as large as a message
            if not isinstance(told, ews.Fault):
                return told
            if told.code != "ErrorServerBusy":
                raise self.unavailable(f"it refuses the request ({told.code or 'a fault'})")
            self.service.be_quiet(told.quiet)
        raise self.unavailable("it is too busy")

    def read(self, reader: Callable[[ews.Told], T], told: ews.Told) -> T:
        """Raises Unavailable for what was not done, and for what cannot be read."""
        if not told.done:
            raise self.unavailable(f"it answered {told.code or 'without a code'}")
        try:
            return reader(told)
        except ews.BadAnswer as error:
            raise self.unavailable(f"its answer has {error}") from None

    def unavailable(self, cause: str) -> Unavailable:
        return Unavailable(self.service.name, cause)

    def _read_answer(self, answer: WebAnswer) -> tuple[ews.Told, ...] | ews.Fault:
        try:
            return ews.read_answer(answer.body)
        except ews.BadAnswer as error:
            raise self.unavailable(f"it answered {answer.status} with {error}") from None

"""Keeps a subscription to a mailbox's changes alive at Microsoft Graph: made, renewed, and made anew when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import secrets
from datetime import UTC, datetime, timedelta

from wardmail.edges.mailboxes.graph_folders import LARGEST_PAGE, object_of
from wardmail.edges.mailboxes.web_service import WebRequest, WebService
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock
from wardmail.protocol.graph_notice import Meaning, Notice

_LIFE = timedelta(hours=24)
"""Well inside what Graph allows, so that what a killed process leaves behind ends soon."""

_LONGEST_TRUST = 900.0
"""Seconds without a notice after which the mailbox is looked at all the same: notices are lost now and then."""

_POLL = 60.0
_log = logging.getLogger(__name__)


class GraphSubscription:
    """`url` is where Graph reaches us with notices for this mailbox alone."""

    def __init__(self, clock: Clock, url: str) -> None:
        self._clock = clock
        self._url = url
        self._state = secrets.token_urlsafe(48)
        self._id = ""
        self._renew_at = 0.0
        self._woken = asyncio.Event()

    def hear(self, notice: Notice) -> bool:
        """False for a notice that does not know the state: somebody else sent it."""
        if not hmac.compare_digest(notice.state.encode(), self._state.encode()):
            return False
        if notice.meaning is Meaning.REMOVED:
            self._id = ""
        elif notice.meaning is Meaning.REAUTHORISE:
            self._renew_at = 0.0
        self._woken.set()
        return True

    async def wait(self, service: WebService, resource: str, seconds: float) -> None:
        """Returns when a notice came or the time is over. While there is no subscription, once a minute."""
        try:
            await self._keep(service, resource)
        except Unavailable as unavailable:
            _log.warning(
                "no change notifications for %s: %s; it is asked once a minute", service.name, unavailable.cause
            )
            await asyncio.sleep(min(seconds, _POLL))
            return
        patience = min(seconds, _LONGEST_TRUST, max(1.0, self._renew_at - self._clock.now()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._woken.wait()
        self._woken.clear()

    async def end(self, service: WebService) -> None:
        """Takes the subscription back; one that cannot be taken back ends by itself."""
        key, self._id = self._id, ""
        if key:
            with contextlib.suppress(Unavailable):
                await service.ask(WebRequest("DELETE", f"/v1.0/subscriptions/{key}", LARGEST_PAGE, seconds=5.0))

    async def _keep(self, service: WebService, resource: str) -> None:
        if self._id and self._clock.now() < self._renew_at:
            return
        if not (self._id and await self._renew(service)):
            await self._make(service, resource)
            self._woken.set()  # what came before the subscription was there is told by nobody

    async def _renew(self, service: WebService) -> bool:
        body = json.dumps({"expirationDateTime": self._until()}).encode()
        target = f"/v1.0/subscriptions/{self._id}"
        answer = await service.ask(WebRequest("PATCH", target, LARGEST_PAGE, _JSON, body))
        if answer.status == 404:
            return False
        self._note(object_of(service, answer).get("expirationDateTime"))
        return True

    async def _make(self, service: WebService, resource: str) -> None:
        wanted = {
            "changeType": "created",
            "notificationUrl": self._url,
            "lifecycleNotificationUrl": self._url,
            "resource": resource,
            "expirationDateTime": self._until(),
            "clientState": self._state,
        }
        body = json.dumps(wanted).encode()
        made = object_of(
            service, await service.ask(WebRequest("POST", "/v1.0/subscriptions", LARGEST_PAGE, _JSON, body))
        )
        key = made.get("id")
        if not isinstance(key, str) or not key.isascii() or not key.replace("-", "").isalnum() or len(key) > 100:
            raise Unavailable(service.name, "its subscription has no name")
        self._id = key
        self._note(made.get("expirationDateTime"))

    def _note(self, ends: object) -> None:
        """Half of what is left, by what Graph says and not by what was asked for."""
        now = self._clock.now()
        try:
            left = datetime.fromisoformat(str(ends)[:19]).replace(tzinfo=UTC).timestamp() - now
        except ValueError:
            left = 0.0
        self._renew_at = now + max(60.0, min(left, _LIFE.total_seconds()) / 2)

    def _until(self) -> str:
        return (datetime.fromtimestamp(self._clock.now(), UTC) + _LIFE).strftime("%Y-%m-%dT%H:%M:%SZ")


_JSON = {"Content-Type": "application/json"}

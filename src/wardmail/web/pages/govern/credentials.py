"""An integration's user names: when each was last used and how long it lasts; a secret is shown once, in the answer itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from starlette.responses import Response

from wardmail.manage.integration_desk import OVERTAKEN
from wardmail.manage.integrations import NewCredential
from wardmail.model.integration import Credential
from wardmail.model.person import Permission
from wardmail.web.pages.govern.integration_frame import HERE, Shown, draw, find, gone
from wardmail.web.pages.govern.outcomes import refused, settled
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import Question, asked_again, told
from wardmail.web.pages.words import moment

_TERMS = {"90": "90 days", "180": "180 days", "365": "A year"}
_USUAL = "365"


class CredentialPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        return gone(self._services, visit) if shown is None else await self._draw(visit, shown)

    async def change(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        if shown is None:
            return gone(self._services, visit)
        return await (self._revoke if visit.form.get("do") == "revoke" else self._issue)(visit, shown)

    async def _issue(self, visit: Visit, shown: Shown) -> Response:
        known = visit.form.get("known", "")
        if known != _known(shown):
            return self._issued_meanwhile(visit, shown)
        days = visit.form.get("days", _USUAL)
        made = await asyncio.to_thread(
            self._services.integrations.issue,
            visit.visitor.person,
            shown.integration.id,
            lifetime_days=float(days if days in _TERMS else _USUAL),
            networks=tuple(visit.form.get("networks", "").split()),
            known=int(known),
        )
        if isinstance(made, NewCredential):
            return await self._draw(visit, shown, made)
        if made is OVERTAKEN:
            return self._issued_meanwhile(visit, shown)
        answer = refused(self._pages, visit, HERE, made, f"{HERE}/{shown.integration.id}/credentials")
        assert answer is not None
        return answer

    def _issued_meanwhile(self, visit: Visit, shown: Shown) -> Response:
        """The form was sent twice, or somebody else issued one: another secret would only lie about."""
        words = "One was issued since you opened this page, perhaps because the button was pressed twice."
        remedy = "No other was made. If you do not have its secret, revoke it, and issue a new one."
        back = f"{HERE}/{shown.integration.id}/credentials"
        return told(self._pages, visit, HERE, 409, "There is a newer credential", words, remedy, back=back)

    async def _revoke(self, visit: Visit, shown: Shown) -> Response:
        username, back = visit.form.get("username", ""), f"{HERE}/{shown.integration.id}/credentials"
        credential = shown.snapshot.credentials.get(username)
        if credential is None or credential.integration_id != shown.integration.id:
            return gone(self._services, visit)
        if visit.form.get("confirmed") != "yes":
            words = "The application that uses it cannot log in any more, within a second. This cannot be taken back."
            fields = {"do": "revoke", "username": username}
            question = Question(f"Revoke the credential {username}?", (words,), back, "Yes, revoke it", back, fields)
            return asked_again(self._pages, visit, HERE, question)
        done = await asyncio.to_thread(self._services.integrations.revoke, visit.visitor.person, username)
        return settled(self._pages, visit, HERE, done, back)

    async def _draw(self, visit: Visit, shown: Shown, made: NewCredential | None = None) -> Response:
        if made:
            shown = replace(shown, snapshot=await self._services.register())
        uses = await asyncio.to_thread(self._services.console.figures.last_uses)
        now = self._services.console.clock.now()
        return draw(
            self._services,
            visit,
            shown,
            ("integration-credentials", "/credentials"),
            made=made,
            credentials=[
                {
                    "username": each.username,
                    "created": moment(each.created_at),
                    "used": moment(uses.get(each.username)) or "Not seen",
                    "expires": moment(each.expires_at) or "Never",
                    "state": _state(each, now),
                    "networks": ", ".join(each.networks) or "Any",
                    "may_revoke": each.revoked_at is None,
                }
                for each in sorted(_mine(shown), key=lambda each: (each.revoked_at is not None, each.username))
            ],
            may_issue=visit.visitor.person.may(Permission.ISSUE_CREDENTIALS),
            known=_known(shown),
            terms=list(_TERMS.items()),
            usual=_USUAL,
        )


def _mine(shown: Shown) -> list[Credential]:
    return [each for each in shown.snapshot.credentials.values() if each.integration_id == shown.integration.id]


def _known(shown: Shown) -> str:
    """How many there are, so that the form of a page which shows fewer is not taken."""
    return str(len(_mine(shown)))


def _state(credential: Credential, now: float) -> dict[str, str]:
    if credential.revoked_at is not None:
        return {"text": "Revoked", "classes": "nhsuk-tag--grey"}
    if credential.expires_at is not None and credential.expires_at <= now:
        return {"text": "Expired", "classes": "nhsuk-tag--red"}
    return {"text": "In use", "classes": "nhsuk-tag--green"}

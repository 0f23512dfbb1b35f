"""The keys that sign for one of our domains: made, let take over when their records are seen, and retired (SHARE-17)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from wardmail.manage.signing_keys import is_needed
from wardmail.model.own_domain import DomainKey, KeyState
from wardmail.web.pages.govern.outcomes import settled
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import Question, asked_again, told
from wardmail.web.pages.words import moment

_HERE = "/domains"
_STATES = {
    KeyState.ACTIVE: ("Signs", "green"),
    KeyState.WAITING: ("Waits", "blue"),
    KeyState.RETIRED: ("Retired", "grey"),
}
_ORDER = tuple(_STATES)


class DomainKeyPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def change(self, visit: Visit) -> Response:
        domain = str(visit.request.path_params["domain"])
        keys = await self._services.domains.keys()
        if domain not in await self._services.our_domains(keys):
            return self._nothing(visit)
        match visit.form.get("do", ""):
            case "make":
                return await self._make(visit, domain, len(keys.get(domain, ())))
            case "activate":
                selector = visit.form.get("selector", "")
                done = await self._services.signing_keys.activate(visit.visitor.person, domain, selector)
                return settled(self._pages, visit, _HERE, done, f"{_HERE}/{domain}")
            case "retire":
                return await self._retire(visit, domain)
            case _:
                return self._nothing(visit)

    async def _make(self, visit: Visit, domain: str, there: int) -> Response:
        back = f"{_HERE}/{domain}"
        is_first = await asyncio.to_thread(self._services.console.once.is_first, visit)
        if not is_first or visit.form.get("known", "") != str(there):
            words = "Keys were made since you opened this page, perhaps because the button was pressed twice."
            return told(self._pages, visit, _HERE, 409, "There are newer keys", words, "No other was made.", back=back)
        make, person = self._services.signing_keys.make, visit.visitor.person
        return settled(self._pages, visit, _HERE, await asyncio.to_thread(make, person, domain, signs_now=False), back)

    async def _retire(self, visit: Visit, domain: str) -> Response:
        selector, back = visit.form.get("selector", ""), f"{_HERE}/{domain}"
        if visit.form.get("confirmed") != "yes":
            sentences = await asyncio.to_thread(self._what_follows, domain, selector)
            fields = {"do": "retire", "selector": selector}
            question = Question(
                f"Retire the key {selector}?", sentences, f"{back}/keys", "Yes, retire it", back, fields
            )
            return asked_again(self._pages, visit, _HERE, question)
        done = await asyncio.to_thread(self._services.signing_keys.retire, visit.visitor.person, domain, selector)
        return settled(self._pages, visit, _HERE, done, back)

    def _what_follows(self, domain: str, selector: str) -> tuple[str, str]:
        keys = self._services.signing_keys.of(domain)
        if any(each.selector == selector and each.state is KeyState.WAITING for each in keys):
            return (f"It waits, and has signed nothing. Its domain is {domain}.", "Its record in the DNS may go now.")
        return (
            f"Nothing is signed with it any more, within a second. Its domain is {domain}.",
            "Leave its record in the DNS for a week, so that mail on its way can still be checked.",
        )

    def _nothing(self, visit: Visit) -> Response:
        words = "Look for it in the list of domains."
        return told(self._pages, visit, _HERE, 404, "There is nothing of that name", words, back=_HERE)


def key_rows(keys: Sequence[DomainKey]) -> list[Mapping[str, object]]:
    """Those that sign first, then those that wait; the newest of each first."""
    return [
        {
            "selector": each.selector,
            "algorithm": each.algorithm,
            "state": {"text": _STATES[each.state][0], "classes": f"nhsuk-tag--{_STATES[each.state][1]}"},
            "kept_in": each.kept_in,
            "used": moment(each.last_used) or "Not seen",
            "may_activate": each.state is not KeyState.ACTIVE,
            "may_retire": each.state is not KeyState.RETIRED and not is_needed(each, keys),
        }
        for state in _ORDER
        for each in sorted(keys, key=lambda key: key.selector, reverse=True)
        if each.state is state
    ]

"""Your account: your sessions, password, recovery codes and security keys; nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.responses import RedirectResponse, Response

from wardmail.manage.account import Account
from wardmail.manage.begun import LASTS
from wardmail.manage.integrations import BadInput
from wardmail.manage.log_in import LONGEST
from wardmail.model.login import IDLE
from wardmail.model.login import LONGEST as LONGEST_SESSION
from wardmail.protect.security_key import octets_of, text_of
from wardmail.web.pages.guard import COOKIE, Turns, Visit
from wardmail.web.pages.once import TWICE
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.words import moment, session_row, summary

T = TypeVar("T")

_ASK_ANEW = "If you did not see the new codes, make new ones."

ADDING = "__Host-wardmail-adding"
"""Binds the question to a new key to the browser where the password was typed."""


class AccountPages:
    def __init__(self, services: ConsoleServices) -> None:
        self._pages = services.pages
        self._desk = services.identity.account
        self._once = services.once
        self._turns = Turns()

    async def show(self, visit: Visit) -> Response:
        return await self._draw(visit)

    async def end_session(self, visit: Visit) -> Response:
        name = visit.form.get("session", "")[:64]
        await asyncio.to_thread(self._desk.end_session, visit.visitor, name)
        return RedirectResponse("/account", 303)

    async def new_codes(self, visit: Visit) -> Response:
        if not await asyncio.to_thread(self._once.is_first, visit):
            return await self._draw(visit, BadInput(f"{TWICE} {_ASK_ANEW}"), "present-for-codes")
        codes = await self._run(visit, lambda present: self._desk.new_codes(visit.visitor, present))
        if isinstance(codes, BadInput):
            return await self._draw(visit, codes, "present-for-codes")
        return self._pages.draw(
            "codes.jinja", "Your new recovery codes", visitor=visit.visitor, codes=codes, back="/account"
        )

    async def change_password(self, visit: Visit) -> Response:
        new = visit.form.get("new", "")[: LONGEST + 1]
        wrong = await self._run(visit, lambda present: self._desk.change_password(visit.visitor, present, new))
        if wrong is not None:
            return await self._draw(visit, wrong, "present-for-password")
        response = self._pages.problem(200, "Your password is changed", "Every session of yours has ended.", again=True)
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return response

    async def begin_key(self, visit: Visit) -> Response:
        name = visit.form.get("key_name", "")[:100]
        question = await self._run(visit, lambda present: self._desk.begin_key(visit.visitor, present, name))
        if isinstance(question, BadInput):
            return await self._draw(visit, question, "key_name")
        response = self._pages.draw(
            "key.jinja", "Add a security key", visitor=visit.visitor, asked=question.asked, action="/account/keys/new"
        )
        response.set_cookie(
            ADDING, question.cookie, max_age=LASTS, path="/", secure=True, httponly=True, samesite="strict"
        )
        return response

    async def finish_key(self, visit: Visit) -> Response:
        cookie, answer = visit.request.cookies.get(ADDING, ""), visit.form.get("answer", "")
        added = await asyncio.to_thread(self._desk.finish_key, visit.visitor, cookie, answer)
        if isinstance(added, BadInput):
            return await self._draw(visit, added, "key_name")
        response = RedirectResponse("/account", 303)
        response.delete_cookie(ADDING, path="/", secure=True, httponly=True, samesite="strict")
        return response

    async def remove_key(self, visit: Visit) -> Response:
        key = octets_of(visit.form.get("key", "")[:2000])
        await asyncio.to_thread(self._desk.remove_key, visit.visitor, key)
        return RedirectResponse("/account", 303)

    async def _run(self, visit: Visit, work: Callable[[str], T]) -> T | BadInput:
        """What hashes a password, when it is its turn."""
        if self._turns.is_full:
            return BadInput("Too many people do this at this moment. Try again in a few seconds.")
        present = visit.form.get("present", "")[: LONGEST + 1]
        return await self._turns.run(lambda: work(present))

    async def _draw(self, visit: Visit, wrong: BadInput | None = None, at: str = "") -> Response:
        person = visit.visitor.person
        account = await asyncio.to_thread(self._desk.show, person.id)
        return self._pages.draw(
            "account.jinja",
            "Your account",
            200 if wrong is None else 422,
            visitor=visit.visitor,
            here="/account",
            errors=wrong is not None,
            problems=[{"text": wrong.reason, "href": f"#{at}"}] if wrong else [],
            rows=summary(
                ("User name", person.id),
                ("Name", person.name),
                ("E-mail", person.email),
                ("Roles", ", ".join(person.roles)),
                ("Second factor", _factors(account)),
            ),
            sessions=[session_row(each, visit.visitor.session) for each in account.sessions],
            has_password=account.login is not None,
            codes_left=account.login.recovery_left if account.login else 0,
            keys=[
                {"id": text_of(key.id), "name": key.name, "added": moment(key.added_at), "used": moment(key.used_at)}
                for key in account.keys
            ],
            once=self._once.mark(visit.visitor),
            idle_minutes=int(IDLE // 60),
            longest_hours=int(LONGEST_SESSION // 3600),
        )


def _factors(account: Account) -> str:
    found = ["authenticator app"] if account.has_app else []
    if account.has_app is None:
        found = ["whether there is an authenticator app cannot be told just now"]
    if account.keys:
        found.append(f"{len(account.keys)} security key{'' if len(account.keys) == 1 else 's'}")
    return " and ".join(found)

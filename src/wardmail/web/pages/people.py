"""People: who may do what, when they last logged in, and what an owner does about them (SHARE-9, SHARE-12)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.responses import RedirectResponse, Response

from wardmail.manage.integrations import BadInput
from wardmail.manage.log_in import LONGEST
from wardmail.manage.people_desk import Standing
from wardmail.model.person import Person, Role
from wardmail.web.pages.guard import Turns, Visit
from wardmail.web.pages.once import TWICE
from wardmail.web.pages.operate.asking import SAY_WHY, reason_of, reason_problems
from wardmail.web.pages.services import ConsoleServices
from wardmail.web.pages.words import moment, session_row, summary

_DOES = {
    Role.VIEWER: "Sees messages and what became of them, never their content.",
    Role.DEVELOPER: "Also drafts integrations, issues their credentials and sends.",
    Role.MAIL_OPERATOR: "Also runs integrations, routes, the queue, secrets and lists.",
    Role.GOVERNANCE: "Reads content for a stated reason, releases held messages, decides about policy and agreements.",
    Role.CLINICIAN: "Releases what is time-critical, signs clinical safety off.",
    Role.OWNER: "Everything, and people.",
}
NO_ROLE = "None: may do nothing"
_GIVES_A_WAY_IN = frozenset({"password", "second-factor"})
_TOO_MANY = BadInput("Too many people do this at this moment. Try again in a few seconds.")
_Act = Callable[[Visit, Person, str], Awaitable[Response | BadInput]]


class PeoplePages:
    def __init__(self, services: ConsoleServices) -> None:
        self._pages = services.pages
        self._desk = services.identity.people
        self._account = services.identity.account
        self._once = services.once
        self._clock = services.clock
        self._turns = Turns()
        self._acts: dict[str, _Act] = {
            "change": self._change,
            "unlock": self._unlock,
            "sign-out": self._sign_out,
            "password": self._password,
            "second-factor": self._second_factor,
            "revoke-key": self._revoke_key,
            "leave": self._leave,
        }

    async def list(self, visit: Visit) -> Response:
        return await self._draw_list(visit)

    async def show(self, visit: Visit) -> Response:
        found = await self._standing(visit)
        return await self._draw(visit, found) if found else self._gone(visit)

    async def add(self, visit: Visit) -> Response:
        form = visit.form
        wanted = Person(_line(form.get("person", "")), _line(form.get("full_name", "")), _line(form.get("email", "")))
        wanted = replace(wanted, roles=_roles(visit))
        if unconfirmed := await self._unconfirmed(visit):
            return await self._draw_list(visit, unconfirmed.reason, "present-add")
        made = await asyncio.to_thread(self._desk.add, wanted, visit.visitor.person)
        if isinstance(made, BadInput):
            return await self._draw_list(visit, made.reason)
        person, key = made
        back, words = f"/people/{person.id}", f"Go on: give {person.name} a password and a second factor"
        return self._pages.draw(
            "codes.jinja", f"{person.name} is added", visitor=visit.visitor, key=key, whose=person.name, back=back,
            back_words=words,
        )  # fmt: skip

    async def act(self, visit: Visit) -> Response:
        found = await self._standing(visit)
        if found is None:
            return self._gone(visit)
        if session := visit.form.get("session", "")[:64]:
            await asyncio.to_thread(self._desk.end_session, found.person, session, visit.visitor.person)
            return RedirectResponse(f"/people/{found.person.id}", 303)
        act, reason = self._acts.get(visit.form.get("act", "")), reason_of(visit)
        if act is None:
            return await self._draw(visit, found, "Choose what to do.")
        if reason_problems(reason):
            return await self._draw(visit, found, f"{SAY_WHY}.")
        unconfirmed = await self._unconfirmed(visit) if _is_grave(visit, found.person) else None
        outcome = unconfirmed or await act(visit, found.person, reason)
        at = f"present-{visit.form['act']}" if unconfirmed else "acts"
        return await self._draw(visit, found, outcome.reason, at) if isinstance(outcome, BadInput) else outcome

    async def _unconfirmed(self, visit: Visit) -> BadInput | None:
        """What gives power or a way in takes the actor's own proof, where their log-in was a while ago."""
        if self._turns.is_full:
            return _TOO_MANY
        present = visit.form.get("present", "")[: LONGEST + 1]
        return await self._turns.run(lambda: self._account.confirm(visit.visitor, present))

    async def _change(self, visit: Visit, person: Person, reason: str) -> Response | BadInput:
        wanted = _wanted(visit, person)
        return _back(person, await asyncio.to_thread(self._desk.change, wanted, visit.visitor.person, reason))

    async def _unlock(self, visit: Visit, person: Person, reason: str) -> Response | BadInput:
        await asyncio.to_thread(self._desk.unlock, person, visit.visitor.person, reason)
        return _back(person, None)

    async def _sign_out(self, visit: Visit, person: Person, reason: str) -> Response | BadInput:
        await asyncio.to_thread(self._desk.sign_out, person, visit.visitor.person, reason)
        return _back(person, None)

    async def _password(self, visit: Visit, person: Person, reason: str) -> Response | BadInput:
        if self._turns.is_full:
            return _TOO_MANY
        new, actor = visit.form.get("new", "")[: LONGEST + 1], visit.visitor.person
        return _back(person, await self._turns.run(lambda: self._desk.set_password(person, new, actor, reason)))

    async def _second_factor(self, visit: Visit, person: Person, reason: str) -> Response | BadInput:
        if not await asyncio.to_thread(self._once.is_first, visit):
            return BadInput(f"{TWICE} If you did not see the new secret and codes, make new ones.")
        made = await asyncio.to_thread(self._desk.new_second_factor, person, visit.visitor.person, reason)
        return self._pages.draw(
            "codes.jinja", f"The new second factor of {person.name}", visitor=visit.visitor, secret=made.secret,
            address=made.address, codes=made.codes, whose=person.name, back=f"/people/{person.id}",
            back_words=f"Back to {person.name}",
        )  # fmt: skip

    async def _revoke_key(self, visit: Visit, person: Person, reason: str) -> Response | BadInput:
        return _back(person, await asyncio.to_thread(self._desk.revoke_key, person, visit.visitor.person, reason))

    async def _leave(self, visit: Visit, person: Person, reason: str) -> Response | BadInput:
        if visit.form.get("sure") != "yes":
            return BadInput(f"Tick that {person.name} has left: it cannot be undone, and the name is never used again.")
        left = await asyncio.to_thread(self._desk.leave, person, visit.visitor.person, reason)
        return left if isinstance(left, BadInput) else RedirectResponse("/people", 303)

    async def _standing(self, visit: Visit) -> Standing | None:
        name = str(visit.request.path_params["id"])
        standings = await asyncio.to_thread(self._desk.standings)
        return next((each for each in standings if each.person.id == name), None)

    async def _draw_list(self, visit: Visit, wrong: str = "", at: str = "person") -> Response:
        now, standings = self._clock.now(), await asyncio.to_thread(self._desk.standings)
        return self._pages.draw(
            "people.jinja",
            "People",
            422 if wrong else 200,
            visitor=visit.visitor,
            here="/people",
            errors=bool(wrong),
            problems=[{"text": wrong, "href": f"#{at}"}] if wrong else [],
            rows=[_row(each, now) for each in standings],
            roles=_choices(_roles(visit)),
            typed=visit.form,
            confirmation=await self._confirmation(visit),
        )

    async def _confirmation(self, visit: Visit) -> str:
        return (await asyncio.to_thread(self._account.confirmation_of, visit.visitor)).value

    async def _draw(self, visit: Visit, found: Standing, wrong: str = "", at: str = "acts") -> Response:
        person, now = found.person, self._clock.now()
        typed = _wanted(visit, person) if wrong and visit.form.get("act") == "change" else person
        return self._pages.draw(
            "person.jinja",
            person.name,
            422 if wrong else 200,
            visitor=visit.visitor,
            here="/people",
            errors=bool(wrong),
            problems=[{"text": wrong, "href": f"#{at}"}] if wrong else [],
            person=person,
            typed=typed,
            confirmation=await self._confirmation(visit),
            is_locked=found.is_locked(now),
            rows=summary(
                ("User name", person.id),
                ("E-mail", person.email),
                ("Roles", ", ".join(person.roles) or NO_ROLE),
                ("Accounts of the machine", ", ".join(person.logins)),
                ("Last logged in", moment(found.last_login) or "Never"),
                ("Logs in by", _means(found)),
                ("Own key, for the API and the command line", "Yes" if person.key_hash else "None"),
                ("Locked until", moment(found.login.locked_until) if found.login and found.is_locked(now) else ""),
            ),
            sessions=[session_row(each, visit.visitor.session) for each in found.sessions],
            roles=_choices(typed.roles),
            once=self._once.mark(visit.visitor),
        )

    def _gone(self, visit: Visit) -> Response:
        return self._pages.problem(
            404, "There is no such person here", "Perhaps they have left.", visitor=visit.visitor
        )


def _is_grave(visit: Visit, person: Person) -> bool:
    """Whether it gives a way in, or a role that the person has not."""
    act = visit.form.get("act", "")
    return act in _GIVES_A_WAY_IN or (act == "change" and not set(_roles(visit)) <= set(person.roles))


def _wanted(visit: Visit, person: Person) -> Person:
    form = visit.form
    return replace(person, name=form.get("full_name", ""), email=_line(form.get("email", "")), roles=_roles(visit))


def _back(person: Person, outcome: object) -> Response | BadInput:
    return outcome if isinstance(outcome, BadInput) else RedirectResponse(f"/people/{person.id}", 303)


def _roles(visit: Visit) -> tuple[Role, ...]:
    return tuple(role for role in Role if visit.form.get(f"role_{role.value}") == "yes")


def _choices(chosen: tuple[Role, ...]) -> list[dict[str, object]]:
    return [
        {
            "name": f"role_{role.value}",
            "value": "yes",
            "text": role.value.replace("-", " ").capitalize(),
            "hint": {"text": _DOES[role]},
            "checked": role in chosen,
        }
        for role in Role
    ]


def _means(found: Standing) -> str:
    has_password = found.login is not None and bool(found.login.password_hash)
    if has_password and found.has_app is None:
        return "password; the second factor cannot be told just now"
    if has_password and found.has_app:
        return "password and second factor"
    if has_password:
        return "a password, but no second factor yet: cannot log in by it"
    return "no password of this gateway"


def _row(found: Standing, now: float) -> dict[str, object]:
    return {
        "id": found.person.id,
        "name": found.person.name,
        "roles": ", ".join(found.person.roles) or NO_ROLE,
        "last": moment(found.last_login) or "Never",
        "sessions": len(found.sessions),
        "is_locked": found.is_locked(now),
    }


def _line(text: str) -> str:
    return " ".join(text.split())

"""Stands before every page: who asks, whether their role may, and whether a form is really theirs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import quote, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from wardmail.manage.log_in import LoginDesk, Visitor
from wardmail.model.person import Permission
from wardmail.model.refusal import Unavailable
from wardmail.web.pages.forms import is_from_us, own_path, read_form, typed_of
from wardmail.web.pages.rendering import Pages
from wardmail.web.pages.upload import FormTooLarge, SentForm, is_upload, read_upload

T = TypeVar("T")
_log = logging.getLogger(__name__)

COOKIE = "__Host-wardmail"
FORM_TOKEN = "form_token"  # noqa: S105 (a field's name)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is logged in and may make it; `form` is empty unless it was sent by POST, and `file`
    unless the page takes one."""

    request: Request
    visitor: Visitor
    form: Mapping[str, str]
    file: bytes = b""


Page = Callable[[Visit], Awaitable[Response]]


class Guarded:
    """A page for those who have one of the permissions. An ASGI application, so that routes can be asked what they need."""

    def __init__(
        self, pages: Pages, desk: LoginDesk, needs: tuple[Permission, ...], page: Page, largest_file: int = 0
    ) -> None:
        """`largest_file`: octets of the one file that its form may bring; 0: it brings none."""
        self.needs = needs
        self._largest_file = largest_file
        self._pages = pages
        self._desk = desk
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Unavailable as error:
            _log.warning('event=page_unavailable part="%s"', error.part)
            response = self._pages.problem(
                503, "Sorry, this page cannot be shown just now", "Nothing was changed. Try again in a few minutes."
            )
        except Exception as error:
            _log.error("event=page_failed error=%s", type(error).__name__)
            changed = (
                "Nothing was changed." if request.method == "GET" else "Look whether it was done before you try again."
            )
            told = "Tell the mail team when it happened, and the code WM-INTERNAL."
            response = self._pages.problem(500, "Sorry, there is a problem with this page", told, changed)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        visitor = await recognised(self._desk, request)
        if visitor is None:
            return _to_log_in(request) if request.method == "GET" else await self._logged_out(request)
        if not any(visitor.person.may(each) for each in self.needs):
            return self._pages.problem(
                403,
                "Your role does not allow this",
                f"It takes the permission to {' or '.join(each.words for each in self.needs)}.",
                "Ask an owner of the gateway if you need it.",
                visitor=visitor,
            )
        if request.method != "POST":
            return await self._page(Visit(request, visitor, {}))
        if self._largest_file and not is_from_us(request):
            return self._not_ours(request, {})  # before its file is read
        try:
            sent = await self._read(request)
        except FormTooLarge:
            most = f"The file may have {self._largest_file // (1024 * 1024)} MB at most."
            return self._pages.problem(413, "That is too large", most, "Nothing was changed.", visitor=visitor)
        except (ValueError, TimeoutError, ClientDisconnect):
            return self._pages.problem(400, "The form could not be read", "Nothing was changed.", visitor=visitor)
        if not is_from_us(request) or not visitor.proves("form", sent.fields.get(FORM_TOKEN, "")):
            return self._not_ours(request, sent.fields)
        return await self._page(Visit(request, visitor, sent.fields, sent.file))

    async def _read(self, request: Request) -> SentForm:
        if self._largest_file and is_upload(request):
            return await read_upload(request, self._largest_file)
        return SentForm(await read_form(request))

    async def _logged_out(self, request: Request) -> Response:
        """The session ended while somebody wrote: says that nothing was done, and gives back what they wrote."""
        form: Mapping[str, str] = {}
        if not self._largest_file:  # of a file nothing is given back: it is still where it was
            with suppress(ValueError, TimeoutError, ClientDisconnect):
                form = await read_form(request)
        return self._pages.problem(
            401,
            "You are logged out",
            "What you sent was not taken, and nothing was changed: your session had ended.",
            "Log in again, and send it anew.",
            log_in=f"/log-in?next={quote(_from(request), safe='')}",
            typed=typed_of(form) if is_from_us(request) else (),
        )

    def _not_ours(self, request: Request, form: Mapping[str, str]) -> Response:
        """From elsewhere; or the page was opened before the last log-in, and then what was written is given back."""
        return self._pages.problem(
            403,
            "That form was not sent from this page",
            "Nothing was changed. If you logged in again since you opened the page, open it anew and send it from there.",
            typed=typed_of(form) if is_from_us(request) else (),
        )


class GuardedRoute(Protocol):
    def __call__(
        self, path: str, page: Page, *needs: Permission, method: str = "GET", largest_file: int = 0
    ) -> Route: ...


def guarding(pages: Pages, desk: LoginDesk) -> GuardedRoute:
    """What makes a route of an address, its page, and the permissions of which any one opens it."""

    def guarded(path: str, page: Page, *needs: Permission, method: str = "GET", largest_file: int = 0) -> Route:
        return Route(path, Guarded(pages, desk, needs, page, largest_file), methods=[method])

    return guarded


class Open:
    """A page that needs no log-in; `because` says why that is safe."""

    def __init__(self, page: Callable[[Request], Awaitable[Response]], because: str) -> None:
        self.because = because
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._page(Request(scope, receive))
        await response(scope, receive, send)


async def recognised(desk: LoginDesk, request: Request) -> Visitor | None:
    token = request.cookies.get(COOKIE, "")
    return await asyncio.to_thread(desk.recognise, token) if 0 < len(token) <= 100 else None


class Turns:
    """Bounds the crowd: to hash a password takes much memory and a whole processor, so few are at it at a time."""

    _AT_ONCE, _MOST_WAITING = 2, 20

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(self._AT_ONCE)
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        return self._waiting >= self._MOST_WAITING

    async def run(self, work: Callable[[], T]) -> T:
        """In a thread, when it is its turn."""
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


async def end_earlier(desk: LoginDesk, request: Request) -> None:
    """Whoever logs in anew has one session in this browser, and its token is new."""
    earlier = await recognised(desk, request)
    if earlier is not None:
        await asyncio.to_thread(desk.log_out, earlier.token)


def keep_cookie(response: Response, visitor: Visitor) -> None:
    response.set_cookie(COOKIE, visitor.token, path="/", secure=True, httponly=True, samesite="strict")
    response.headers["Cache-Control"] = "no-store"


def _to_log_in(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/log-in?next={quote(request.url.path + query, safe='')}", 303)


def _from(request: Request) -> str:
    """The page of ours on which a form was; the first page when the browser does not say."""
    came = urlsplit(request.headers.get("referer", ""))
    is_own = came[:2] == ("https", request.headers.get("host", ""))
    return own_path(f"{came.path}?{came.query}" if came.query else came.path) if is_own else "/"

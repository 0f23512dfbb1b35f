"""Problems as RFC 9457 has them: what happened, why, what to do, and a code that stays the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from wardmail.model.refusal import Refusal, Unavailable

MEDIA_TYPE = "application/problem+json"
_TRY_AGAIN = "60"


@dataclass
class Problem(Exception):
    """`detail` says why and what to do; `errors` point into the request (RFC 6901); `more` are members of its own."""

    status: int
    code: str
    title: str
    detail: str = ""
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)


def problem_of(refusal: Refusal) -> Problem:
    """The same words as an SMTP client gets, with the HTTP status that is nearest."""
    detail = f"{refusal.public}."
    if refusal.code == 535:
        return Problem(
            401, refusal.error, "Not logged in", detail, headers={"WWW-Authenticate": 'Basic realm="Wardmail"'}
        )
    if refusal.is_temporary:
        limited = refusal.error.startswith("WM-LIMIT")
        status, title = (429, "A limit is reached") if limited else (503, "Not now")
        return Problem(status, refusal.error, title, detail, headers={"Retry-After": _TRY_AGAIN})
    if refusal.code == 552:
        return Problem(413, refusal.error, "The message is too large", detail)
    status = 403 if refusal.status.startswith("5.7.") else 422
    return Problem(status, refusal.error, "Not accepted: nothing was sent or kept", detail)


def no_such_page() -> Problem:
    wrong = {"pointer": "/query/after", "detail": "is no `next` of a page"}
    return Problem(422, "WM-CURSOR", "There is no such page", "Begin anew without `after`.", [wrong])


async def answer_problem(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    body: dict[str, object] = {
        "type": f"/docs/errors#{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request.state.request_id,
    }
    if problem.errors:
        body["errors"] = [dict(each) for each in problem.errors]
    body |= problem.more
    return JSONResponse(body, problem.status, headers=dict(problem.headers), media_type=MEDIA_TYPE)


async def answer_unavailable(request: Request, error: Exception) -> JSONResponse:
    """Nothing of the cause goes out: it may name a host or a file."""
    assert isinstance(error, Unavailable)
    detail = "A part of the gateway does not answer; try again. With an Idempotency-Key nothing is taken twice."
    return await answer_problem(
        request, Problem(503, "WM-UNAVAILABLE", "Not now", detail, headers={"Retry-After": _TRY_AGAIN})
    )


async def answer_invalid(request: Request, error: Exception) -> JSONResponse:
    """What was sent is never repeated: it may hold a patient's name."""
    assert isinstance(error, RequestValidationError)
    errors = [{"pointer": _pointer(each["loc"]), "detail": str(each["msg"])} for each in error.errors()[:50]]
    detail = "The request is not as the API describes it: see errors."
    return await answer_problem(request, Problem(422, "WM-REQUEST", "The request cannot be read", detail, errors))


async def answer_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: an unknown address, a method."""
    assert isinstance(error, HTTPException)
    words = {
        404: ("WM-NOT-FOUND", "There is nothing here"),
        405: ("WM-METHOD", "The method is not allowed here"),
        413: ("WM-SIZE", "The request is too large"),
    }
    code, title = words.get(error.status_code, ("WM-REQUEST", "The request cannot be answered"))
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods_at(request))
    return await answer_problem(request, Problem(error.status_code, code, title, "See /openapi.json.", headers=headers))


def _methods_at(request: Request) -> list[str]:
    """By the description: the framework names those of the first route alone."""
    for template, operations in request.app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), request.url.path):
            return sorted(each.upper() for each in operations)
    return []


def _pointer(where: Sequence[object]) -> str:
    """`("body", "to", 0)` as `/to/0`; what is not in the body keeps its place in front."""
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in where]
    return "/" + "/".join(steps[1:] if steps[:1] == ["body"] else steps)

"""The description that machines read (OpenAPI 3.1): as the framework draws it, with our problems, log-in and messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from wardmail.model.person import Permission
from wardmail.web.api import schema
from wardmail.web.api.asker import Either
from wardmail.web.api.caller import SCHEMES
from wardmail.web.api.person_caller import May
from wardmail.web.api.problem import MEDIA_TYPE
from wardmail.web.api.retiring import Retiring, mark

_REF = "#/components/schemas/{model}"
_PERSON = {"type": "http", "scheme": "bearer", "description": "wmp_PERSON.KEY of a person (`wardmail person key`)"}
_STATUSES = {
    "400": "The request means two things.",
    "401": "No credential, or one that does not hold.",
    "403": "The policy or the register does not allow it, or the person's role.",
    "404": "There is no such thing, for this caller.",
    "409": "Not now: another state, or the same request is in hand.",
    "413": "It is too large.",
    "415": "Not this content type.",
    "422": "What is wrong is in `errors` or `detail`.",
    "429": "A limit is reached: see Retry-After.",
    "503": "A part of the gateway does not answer: see Retry-After, and try again by the same Idempotency-Key.",
}


class PointedOut(BaseModel):
    """`pointer` into the request (RFC 6901)."""

    pointer: str
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457. `code` stays the same from version to version."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[PointedOut] = []


def described(api: FastAPI, retiring: Retiring = ()) -> dict[str, Any]:
    """Made once, when it is first asked for."""
    if api.openapi_schema is None:
        made = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
        components = made.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for model in (schema.Message, ProblemDetails):
            described_model = model.model_json_schema(by_alias=True, ref_template=_REF)
            schemas |= described_model.pop("$defs", {}) | {model.__name__: described_model}
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        components["securitySchemes"] = dict(SCHEMES) | {"person": _PERSON}
        for path, method, needs, schemes in _needs(api):
            operation = made["paths"][path][method]
            operation["responses"] |= _problems()
            operation["security"] = [{name: []} for name in schemes]
            if needs:
                operation["x-permission"] = [each.value for each in needs]
        mark(made, retiring)
        api.openapi_schema = made
    return api.openapi_schema


def calls_of(api: FastAPI) -> Iterator[APIRoute]:
    """Every operation, also those of included routers, wherever the framework keeps them."""
    yield from _calls(api.routes)


def _calls(routes: Sequence[Any]) -> Iterator[APIRoute]:
    for each in routes:
        if isinstance(each, APIRoute):
            yield each
        else:
            yield from _calls(getattr(getattr(each, "original_router", None), "routes", ()))


def needs_of(call: APIRoute) -> tuple[Permission, ...]:
    """Of which permissions a person must have one; empty where integrations alone call."""
    caller = _caller_of(call)
    return caller.needs if caller is not None else ()


def schemes_of(call: APIRoute) -> tuple[str, ...]:
    """How whoever calls may prove who they are."""
    match _caller_of(call):
        case None:
            return tuple(SCHEMES)
        case May():
            return ("person",)
        case Either():
            return ("person", *SCHEMES)


def _caller_of(call: APIRoute) -> May | Either | None:
    callers = (getattr(each.call, "__self__", None) for each in call.dependant.dependencies)
    return next((each for each in callers if isinstance(each, May | Either)), None)


def _needs(api: FastAPI) -> Iterator[tuple[str, str, tuple[Permission, ...], tuple[str, ...]]]:
    for call in calls_of(api):
        for method in call.methods or ():
            yield call.path_format, method.lower(), needs_of(call), schemes_of(call)


def _problems() -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDetails")}}}
    return {status: {"description": words, "content": content} for status, words in _STATUSES.items()}

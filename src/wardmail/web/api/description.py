"""The description that machines read (OpenAPI 3.1): as the framework draws it, with our problems, log-in and messages."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from wardmail.web.api import schema
from wardmail.web.api.caller import SCHEMES
from wardmail.web.api.problem import MEDIA_TYPE

_REF = "#/components/schemas/{model}"
_STATUSES = {
    "400": "The request means two things.",
    "401": "No credential, or one that does not hold.",
    "403": "The policy or the register does not allow it.",
    "404": "There is no such thing, for this integration.",
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


def described(api: FastAPI) -> dict[str, Any]:
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
        components["securitySchemes"] = dict(SCHEMES)
        made["security"] = [{name: []} for name in SCHEMES]
        for path in made["paths"].values():
            for operation in path.values():
                operation["responses"] |= _problems()
        api.openapi_schema = made
    return api.openapi_schema


def _problems() -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="ProblemDetails")}}}
    return {status: {"description": words, "content": content} for status, words in _STATUSES.items()}

"""Every page names the permission that it takes, and every call of the API asks who calls."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from fastapi.dependencies.models import Dependant
from starlette.routing import Mount, Route

from tests.unit.web.console_kit import open_console, with_provider
from wardmail.edges.identity_provider import ProviderPlace
from wardmail.model.provider_login import ProviderTerms
from wardmail.web.api.building import build_api
from wardmail.web.api.caller import SCHEMES, identified
from wardmail.web.api.description import calls_of, needs_of, schemes_of
from wardmail.web.api.services import ApiServices
from wardmail.web.pages.guard import Guarded, Open

OPEN = {
    ("/check", "GET"),
    ("/check", "POST"),
    ("/log-in", "GET"),
    ("/log-in", "POST"),
    ("/log-in/begin", "GET"),
    ("/log-in/finish", "GET"),
    ("/log-in/key", "POST"),
    ("/accessibility", "GET"),
    ("/help", "GET"),
    ("/docs", "GET"),
    ("/docs/{name:path}", "GET"),
}
"""Whoever adds to this says why in the route, and thinks twice."""


EITHER = {
    "GET /v1/messages",
    "GET /v1/messages/{message_id}",
    "GET /v1/messages/{message_id}/events",
    "GET /v1/messages/{message_id}/content",
    "GET /v1/messages/{message_id}/attachments",
    "GET /v1/messages/{message_id}/attachments/{n}",
    "GET /v1/messages/{message_id}/evidence",
    "POST /v1/messages/{message_id}/cancel",
    "POST /v1/messages/{message_id}/resend",
    "GET /v1/inbound-messages",
    "GET /v1/inbound-messages/{arrival_id}",
}
"""What a program may ask of its own integration's messages, and a person of all by permission."""


def test_every_page_names_its_permission(tmp_path: Path) -> None:
    with open_console(tmp_path) as console:
        with_provider(console, ProviderPlace("https://op.test", "", ""), ProviderTerms("us"), b"")
        routes = [each for each in console.site.routes if not isinstance(each, Mount)]
    assert {type(each) for each in routes} == {Route}
    without = [each.path for each in routes if not isinstance(each.endpoint, Guarded | Open)]  # type: ignore[attr-defined]
    assert without == []
    guarded = [each.endpoint for each in routes if isinstance(each.endpoint, Guarded)]  # type: ignore[attr-defined]
    assert guarded
    assert all(each.needs for each in guarded)
    opened = [each for each in routes if isinstance(each.endpoint, Open)]  # type: ignore[attr-defined]
    assert all(each.endpoint.because for each in opened)  # type: ignore[attr-defined]
    methods = {(each.path, method) for each in opened for method in each.methods - {"HEAD"}}  # type: ignore[attr-defined]
    assert methods == OPEN


def test_every_page_names_its_methods(tmp_path: Path) -> None:
    with open_console(tmp_path) as console:
        assert all(each.methods for each in console.site.routes if isinstance(each, Route))


def test_every_call_asks_who_calls() -> None:
    """An integration by a credential, a person of whom the operation names the permission, or either where it says so."""
    api = build_api(cast("ApiServices", None), "0")
    calls = list(calls_of(api))
    assert {each.path_format for each in calls} == set(api.openapi()["paths"])
    by_integration = {each.unique_id for each in calls if _asks(each.dependant)}
    by_person = {each.unique_id for each in calls if needs_of(each)}
    assert by_integration
    assert by_person
    assert not by_integration & by_person
    assert {each.unique_id for each in calls} == by_integration | by_person
    by_either = {
        f"{method} {each.path_format}" for each in calls for method in each.methods if len(schemes_of(each)) > 4
    }
    assert by_either == EITHER


def test_the_description_says_who_calls() -> None:
    api = build_api(cast("ApiServices", None), "0")
    for call in calls_of(api):
        for method in call.methods:
            operation = api.openapi()["paths"][call.path_format][method.lower()]
            schemes = {name for each in operation["security"] for name in each}
            assert schemes == set(schemes_of(call))
            assert ("person" in schemes) == bool(needs_of(call))
            assert set(SCHEMES) <= schemes or schemes == {"person"}
            assert operation.get("x-permission", []) == [each.value for each in needs_of(call)]


def _asks(dependant: Dependant) -> bool:
    return any(each.call is identified or _asks(each) for each in dependant.dependencies)

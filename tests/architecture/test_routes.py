"""Every page names the permission that it takes, and every call of the API asks who calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from tests.unit.web.console_kit import open_console, with_provider
from wardmail.edges.identity_provider import ProviderPlace
from wardmail.model.provider_login import ProviderTerms
from wardmail.web.api.building import build_api
from wardmail.web.api.caller import identified
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
    api = build_api(cast("ApiServices", None), "0")
    calls = [each for each in _all(api.routes) if isinstance(each, APIRoute)]
    assert {each.path_format for each in calls} == set(api.openapi()["paths"])
    assert [each.path for each in calls if not _asks(each.dependant)] == []


def _all(routes: list[Any]) -> list[Any]:
    """Also those of included routers, wherever the framework keeps them."""
    found = []
    for each in routes:
        inner = getattr(getattr(each, "original_router", None), "routes", None)
        found += _all(inner) if inner else [each]
    return found


def _asks(dependant: Dependant) -> bool:
    return any(each.call is identified or _asks(each) for each in dependant.dependencies)

"""The API does what its description says, whatever is sent: by Schemathesis, for integrations and for people."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.generation.modes import GenerationMode

from tests.unit.web.office_kit import PeoplesApi, opened
from wardmail.app.api_pages import description_of_api
from wardmail.edges.smtp_settings import PeerLimits
from wardmail.model.person import Role

load_all_checks()
ENDLESS = {"/v1/events/stream"}
CALLS = [
    (method.upper(), path)
    for path, operations in description_of_api()["paths"].items()
    for method in operations
    if path not in ENDLESS
]
CHECKED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "ignored_auth",
    )
]
_MANY = 10**6
EXAMPLES = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeoplesApi]:
    with asyncio.Runner() as runner:
        place = opened(
            tmp_path_factory.mktemp("described"), PeerLimits(failed_logins=_MANY, failed_logins_per_user=_MANY)
        )
        made = runner.run(place.__aenter__())
        made.register("olga", Role.OWNER)
        yield made
        runner.run(place.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def described(api: PeoplesApi) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", api.app)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_call_answers_as_it_is_described(
    api: PeoplesApi, described: schemathesis.BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    operation = described[path][method]
    by_person = "x-permission" in described.raw_schema["paths"][path][method.lower()]
    key = api.keys["olga"] if by_person else api.app_key

    @EXAMPLES
    @given(operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        case.call_and_validate(headers=key, checks=CHECKED)

    answers()

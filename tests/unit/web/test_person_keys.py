"""A person's own key at the API does no more than their identity provider said at the last log-in, and not for ever."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.unit.web.office_kit import PeoplesApi, opened
from wardmail.app.settings import Value
from wardmail.model.person import Role
from wardmail.model.provider_login import ProvedSubject
from wardmail.store.schema_of_logins import provider_subject

SUBJECT = ProvedSubject("https://login.example", "s-1", frozenset())
PROVIDER = {"oidc.issuer": Value("https://login.example", "test")}


async def status(api: PeoplesApi, key: dict[str, str], path: str = "/v1/queue") -> tuple[int, str]:
    answer = await api.http.get(path, headers=key)
    return answer.status_code, answer.json().get("code", "")


async def test_a_key_ends_with_the_groups_and_comes_back_with_them(tmp_path: Path) -> None:
    async with opened(tmp_path) as api:
        key, logins = api.register("oli", Role.MAIL_OPERATOR), api.installation.provider_logins
        settings = api.installation.settings
        api.installation.settings = replace(settings, values={**settings.values, **PROVIDER})
        assert await status(api, key) == (200, "")
        logins.tie(SUBJECT.issuer, SUBJECT.subject, "oli", "root", "the same person")
        assert await status(api, key) == (200, "")
        logins.turn_away(SUBJECT, (), "WM-OIDC-NO-ROLE", "192.0.2.1")
        assert await status(api, key) == (403, "WM-NOT-PERMITTED")
        oli = api.installation.people.one("oli")
        assert oli is not None
        api.installation.people.save(replace(oli, roles=(Role.OWNER,)), "root")
        assert await status(api, key) == (403, "WM-NOT-PERMITTED"), "an owner gives no more than the groups do"
        logins.turn_away(SUBJECT, (Role.OWNER,), "WM-OIDC-PERSON", "192.0.2.1")
        assert await status(api, key) == (200, "")


async def test_a_key_rests_when_the_provider_has_said_nothing_for_long(tmp_path: Path) -> None:
    async with opened(tmp_path) as api:
        key, logins = api.register("oli", Role.MAIL_OPERATOR), api.installation.provider_logins
        logins.tie(SUBJECT.issuer, SUBJECT.subject, "oli", "root", "the same person")
        with api.installation.database.write() as connection:
            old = api.installation.clock.now() - 31 * 86_400
            connection.execute(provider_subject.update().values(said_at=old))
        assert await status(api, key) == (200, ""), "no provider is set: roles are given here alone"
        settings = api.installation.settings
        api.installation.settings = replace(settings, values={**settings.values, **PROVIDER})
        assert await status(api, key) == (403, "WM-PERSON-UNVOUCHED")

"""Who gets in through the organisation's identity provider, and whatever a browser or a token may try besides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.journeys.peers.entra import (
    CLIENT,
    OTHER_TENANT,
    OWNERS,
    READERS,
    SECRET,
    TENANT,
    Entra,
    overage,
    public_keys,
)  # fmt: skip
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.https_server import HttpReply, HttpRequest, https_server
from tests.unit.web.console_kit import BASE, Console, form_token, open_console, with_provider
from wardmail.edges.identity_provider import ProviderPlace
from wardmail.manage.begun import LASTS
from wardmail.model.person import Person, Role
from wardmail.model.provider_login import ProviderTerms
from wardmail.web.pages.guard import COOKIE
from wardmail.web.pages.provider_log_in import BEGUN

TERMS = ProviderTerms(
    CLIENT,
    ((OWNERS, Role.OWNER), (READERS, Role.VIEWER)),
    subject_claim="oid",
    amr=("mfa",),
    tenants=(TENANT,),
)


@dataclass
class Site:
    console: Console
    entra: Entra
    place: ProviderPlace

    def offer(
        self, terms: ProviderTerms = TERMS, place: ProviderPlace | None = None, secret: bytes = SECRET.encode()
    ) -> None:
        with_provider(self.console, place or self.place, terms, secret)

    @property
    def here(self) -> set[str]:
        return {each.id for each in self.console.people.all().values() if each.is_here}

    async def begin(self, http: httpx2.AsyncClient, goal: str = "/messages") -> dict[str, str]:
        """What the browser comes back from the provider with."""
        answer = await http.get("/log-in/begin", params={"next": goal})
        assert answer.status_code == 303, answer.text
        return self.entra.consent(answer.headers["location"])

    async def log_in(self, http: httpx2.AsyncClient) -> httpx2.Response:
        return await http.get("/log-in/finish", params=await self.begin(http))

    async def refused(self, code: str) -> httpx2.Response:
        async with self.console.visitor() as http:
            answer = await self.log_in(http)
            assert answer.status_code == 403, answer.text
            assert f"Code: {code}" in answer.text
            assert COOKIE not in http.cookies
            assert (await http.get("/messages")).status_code == 303
            return answer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def site(tmp_path: Path, authority: Authority) -> Iterator[Site]:
    with open_console(tmp_path) as console:
        console.register("boss", Role.OWNER)
        entra = Entra(console.stage.clock.now)
        with https_server(authority.issue("localhost"), entra.answer) as port:
            entra.origin = f"https://localhost:{port}"
            place = ProviderPlace(
                entra.issuer, f"{BASE}/log-in/finish", f"{BASE}/log-in", secret_ref="keystore:oidc",
                ca_file=str(authority.ca_file),
            )  # fmt: skip
            made = Site(console, entra, place)
            made.offer()
            yield made


async def test_a_newcomer_is_let_in_in_the_role_of_their_group_and_logs_out_everywhere(site: Site) -> None:
    async with site.console.visitor() as http:
        shown = await http.get("/log-in?next=%2Fheld")
        assert "Log in with your trust&#39;s account" in shown.text
        assert 'href="/log-in/begin?next=/held"' in shown.text
        answer = await site.log_in(http)
        assert answer.status_code == 200
        # Not by a redirect: a strict cookie would not come with it.
        assert '<meta http-equiv="refresh" content="0; url=/messages">' in answer.text
        page = await http.get("/messages")
        assert "Amina Khan (viewer)" in page.text
        person = site.console.people.one("amina.khan")
        assert person is not None
        assert person.roles == (Role.VIEWER,)
        (session,) = site.console.logins.sessions("amina.khan")
        assert session.proved_by == "identity provider pwd mfa"
        done = await http.post("/log-out", data={"form_token": form_token(page)})
        onward = re.search(r'content="0; url=([^"]+)"', done.text)
        assert onward is not None
        assert onward[1].startswith(f"{site.entra.origin}/logout?client_id={CLIENT}&amp;post_logout_redirect_uri=")
        assert (await http.get("/messages")).status_code == 303


async def test_who_was_here_keeps_their_record_and_has_the_roles_of_now(site: Site) -> None:
    async with site.console.visitor() as http, site.console.visitor() as second:
        await site.log_in(http)
        site.entra.claims = {"groups": [READERS, OWNERS], "name": "Renamed", "preferred_username": "boss@trust.example"}
        await site.log_in(second)
        assert "Amina Khan (viewer, owner)" in (await second.get("/messages")).text
        assert (await http.get("/messages")).status_code == 303, "other roles: every earlier session has ended"
    assert site.here == {"boss", "amina.khan"}


async def test_a_name_at_the_provider_is_never_somebody_s_who_is_here(site: Site) -> None:
    """Whoever can choose their user name or e-mail address there must not become the owner here."""
    site.entra.claims = {"preferred_username": "boss@evil.example", "email": "boss@trust.example"}
    async with site.console.visitor() as http:
        await site.log_in(http)
        assert "(viewer)" in (await http.get("/messages")).text
    assert site.here == {"boss", "boss-2"}


async def test_names_that_are_no_names_do_no_harm(site: Site) -> None:
    site.entra.claims = {"preferred_username": "<b>9\u202e", "name": "<img src=x onerror=alert(1)>", "email": 5}
    async with site.console.visitor() as http:
        await site.log_in(http)
        page = (await http.get("/messages")).text
        assert "<img" not in page
    assert "person" in site.console.people.all()


async def test_whose_groups_give_no_role_is_not_let_in_and_thrown_out(site: Site) -> None:
    async with site.console.visitor() as inside:
        await site.log_in(inside)
        site.entra.claims = {"groups": ["another-group"]}
        answer = await site.refused("WM-OIDC-NO-ROLE")
        assert "none of its groups has a role here" in answer.text
        assert (await inside.get("/messages")).status_code == 303


async def test_groups_that_are_not_told_are_not_no_groups(site: Site) -> None:
    site.entra.claims = overage(site.entra.origin)
    answer = await site.refused("WM-OIDC-GROUPS-OVERAGE")
    assert "more groups than the provider puts into its answer" in answer.text
    assert "amina.khan" not in site.console.people.all()


async def test_app_roles_serve_as_groups(site: Site) -> None:
    site.offer(replace(TERMS, groups_claim="roles", roles=(("Wardmail.Owner", Role.OWNER),)))
    site.entra.claims = overage(site.entra.origin) | {"roles": ["Wardmail.Owner"]}
    async with site.console.visitor() as http:
        assert (await site.log_in(http)).status_code == 200


async def test_who_left_stays_out(site: Site) -> None:
    async with site.console.visitor() as http:
        await site.log_in(http)
    known = site.console.people.one("amina.khan")
    assert known is not None
    site.console.people.save(replace(known, left_at=1.0), "boss")
    await site.refused("WM-OIDC-LEFT")


async def test_the_last_owner_s_role_is_not_taken_by_a_group(site: Site) -> None:
    site.entra.claims = {"groups": [OWNERS]}
    async with site.console.visitor() as http:
        await site.log_in(http)
    site.console.people.save(Person("boss", "Boss", left_at=1.0), "amina.khan")
    site.entra.claims = {"groups": [READERS]}
    answer = await site.refused("WM-OIDC-PERSON")
    assert "nobody with the role owner" in answer.text


async def test_newcomers_may_be_refused(site: Site) -> None:
    site.offer(replace(TERMS, takes_newcomers=False))
    await site.refused("WM-OIDC-NOT-REGISTERED")
    assert site.here == {"boss"}


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://evil.example/v2.0"}, "WM-OIDC-ISSUER"),
        ({"iss": None}, "WM-OIDC-ISSUER"),
        ({"tid": OTHER_TENANT}, "WM-OIDC-TENANT"),
        ({"tid": None}, "WM-OIDC-TENANT"),
        ({"tid": ["x"]}, "WM-OIDC-TENANT"),
        ({"aud": "another"}, "WM-OIDC-AUDIENCE"),
        ({"aud": None}, "WM-OIDC-AUDIENCE"),
        ({"aud": [CLIENT, "another"], "azp": CLIENT}, "WM-OIDC-AUDIENCE"),
        ({"azp": "another"}, "WM-OIDC-AUDIENCE"),
        ({"exp": 1}, "WM-OIDC-TIME"),
        ({"exp": None}, "WM-OIDC-TIME"),
        ({"exp": "9999999999"}, "WM-OIDC-TIME"),
        ({"iat": None}, "WM-OIDC-TIME"),
        ({"iat": True}, "WM-OIDC-TIME"),
        ({"iat": 1_000}, "WM-OIDC-TIME"),
        ({"iat": 9_999_999_999}, "WM-OIDC-TIME"),
        ({"nbf": 9_999_999_999}, "WM-OIDC-TIME"),
        ({"nonce": "another"}, "WM-OIDC-NONCE"),
        ({"nonce": None}, "WM-OIDC-NONCE"),
        ({"nonce": "é"}, "WM-OIDC-NONCE"),
        ({"amr": ["pwd"]}, "WM-OIDC-SECOND-FACTOR"),
        ({"amr": None}, "WM-OIDC-SECOND-FACTOR"),
        ({"amr": "mfa"}, "WM-OIDC-SECOND-FACTOR"),
        ({"amr": [{}]}, "WM-OIDC-SECOND-FACTOR"),
        ({"oid": None}, "WM-OIDC-SUBJECT"),
        ({"oid": ""}, "WM-OIDC-SUBJECT"),
        ({"oid": "x" * 300}, "WM-OIDC-SUBJECT"),
        ({"groups": {"a": 1}}, "WM-OIDC-GROUPS"),
        ({"groups": [1]}, "WM-OIDC-GROUPS"),
        ({"groups": None, "hasgroups": True}, "WM-OIDC-GROUPS-OVERAGE"),
        ({"groups": None}, "WM-OIDC-NO-ROLE"),
    ],
)
async def test_a_token_that_is_not_for_us_of_now_and_of_this_log_in_lets_nobody_in(
    site: Site, claims: dict[str, Any], code: str
) -> None:
    site.entra.claims = claims
    await site.refused(code)
    assert site.here == {"boss"}


async def test_a_clock_may_be_a_little_off(site: Site) -> None:
    now = int(site.console.stage.clock.now())
    site.entra.claims = {"iat": now + 50, "nbf": now + 50, "exp": now - 50}
    async with site.console.visitor() as http:
        assert (await site.log_in(http)).status_code == 200


async def test_an_acr_proves_a_second_factor_too_and_is_asked_for(site: Site) -> None:
    site.offer(replace(TERMS, acr=("AAL3",)))
    site.entra.claims = {"amr": None, "acr": "AAL3"}
    async with site.console.visitor() as http:
        begun = await http.get("/log-in/begin")
        assert "acr_values=AAL3" in begun.headers["location"]
        assert (await site.log_in(http)).status_code == 200


STRANGE = RSAKey.generate_key(2048, {"kid": "first"})


@pytest.mark.parametrize(
    ("header", "key", "published"),
    [
        ({}, STRANGE, None),
        ({"kid": "unknown"}, None, None),
        ({"alg": "none"}, None, None),
        ({"alg": "HS256"}, OctKey.import_key(b"x" * 32), [{"kty": "oct", "k": "eHh4eHg", "kid": "first"}]),
        ({"alg": "RS512"}, None, None),
        ({"jwk": STRANGE.as_dict(private=False)}, STRANGE, None),
        ({}, None, []),
        ({}, STRANGE, [{**public_keys(STRANGE)[0], "use": "enc"}]),
        ({}, STRANGE, [{**public_keys(STRANGE)[0], "alg": "PS256"}]),
        ({}, STRANGE, public_keys(STRANGE) * 2),
        ({}, STRANGE, [{"kty": "RSA", "kid": "first", "n": "!!", "e": "AQAB"}]),
    ],
)  # fmt: skip
async def test_a_signature_that_does_not_hold_lets_nobody_in(
    site: Site, header: dict[str, Any], key: Any, published: list[dict[str, Any]] | None
) -> None:
    site.entra.header, site.entra.signs_with, site.entra.published = header, key, published
    await site.refused("WM-OIDC-SIGNATURE")


async def test_other_good_algorithms_are_taken(site: Site) -> None:
    for algorithm, key in (
        ("PS256", RSAKey.generate_key(2048, {"kid": "first"})),
        ("ES256", ECKey.generate_key("P-256", {"kid": "first"})),
        ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "first"})),
        ("Ed25519", OKPKey.generate_key("Ed25519", {"kid": "first"})),
    ):
        site.offer()
        site.entra.header, site.entra.signs_with = {"alg": algorithm}, key
        site.entra.published = [dict(key.as_dict(private=False))]
        async with site.console.visitor() as http:
            assert (await site.log_in(http)).status_code == 200, algorithm


async def test_a_key_that_is_too_short_proves_nothing(site: Site) -> None:
    with pytest.warns(Warning):
        short = RSAKey.generate_key(1024, {"kid": "first"})
    site.entra.published = [dict(short.as_dict(private=False))]
    await site.refused("WM-OIDC-SIGNATURE")


async def test_a_new_key_is_fetched_but_not_for_every_token_that_names_one(site: Site) -> None:
    def fetched() -> int:
        return sum(each.target == "/keys" for each in site.entra.requests)

    async with site.console.visitor() as http:
        assert (await site.log_in(http)).status_code == 200
        site.entra.new_key()
        site.console.wait(61)
        assert (await site.log_in(http)).status_code == 200
        assert fetched() == 2
    site.entra.header = {"kid": "unknown"}
    for _ in range(3):
        await site.refused("WM-OIDC-SIGNATURE")
    assert fetched() == 2


async def test_an_answer_serves_once_in_the_browser_that_began_and_not_for_ever(site: Site) -> None:
    async with site.console.visitor() as victim, site.console.visitor() as attacker:
        answer = await site.begin(attacker)
        begun = attacker.cookies[BEGUN]
        got = await victim.get("/log-in/finish", params=answer)
        assert "Code: WM-OIDC-STATE" in got.text, "the answer to another browser's log-in"
        await site.begin(victim)
        got = await victim.get("/log-in/finish", params=answer)
        assert "Code: WM-OIDC-STATE" in got.text
        assert (await attacker.get("/log-in/finish", params=answer)).status_code == 200
        attacker.cookies.set(BEGUN, begun, domain="gw.test")
        got = await attacker.get("/log-in/finish", params=answer)
        assert "Code: WM-OIDC-USED" in got.text
        late = await site.begin(victim)
        site.console.wait(LASTS + 1)
        assert "Code: WM-OIDC-STATE" in (await victim.get("/log-in/finish", params=late)).text


@pytest.mark.parametrize("place", [0, 30, 45, 60, -1])
async def test_a_cookie_that_was_changed_is_nobody_s(site: Site, place: int) -> None:
    async with site.console.visitor() as http:
        answer = await site.begin(http)
        cookie = http.cookies[BEGUN]
        at = place % len(cookie)
        changed = cookie[:at] + ("0" if cookie[at] != "0" else "1") + cookie[at + 1 :]
        http.cookies.clear()
        http.cookies.set(BEGUN, changed, domain="gw.test")
        assert "Code: WM-OIDC-STATE" in (await http.get("/log-in/finish", params=answer)).text


async def test_a_code_of_another_log_in_does_not_fit_its_verifier(site: Site) -> None:
    async with site.console.visitor() as http, site.console.visitor() as attacker:
        stolen = await site.begin(http)
        own = await site.begin(attacker)
        got = await attacker.get("/log-in/finish", params={**own, "code": stolen["code"]})
        assert "Code: WM-OIDC-CODE" in got.text


async def test_what_the_provider_refuses_is_told_in_our_words(site: Site) -> None:
    async with site.console.visitor() as http:
        answer = await site.begin(http)
        answer = {"error": "access_denied", "error_description": "<b>x</b>", "state": answer["state"]}
        got = await http.get("/log-in/finish", params=answer)
        assert "Code: WM-OIDC-REFUSED" in got.text
        assert "x</b>" not in got.text
        answer = await site.begin(http)
        assert "WM-OIDC-REFUSED" in (await http.get("/log-in/finish", params={"state": answer["state"]})).text


async def test_an_answer_of_another_provider_is_not_mixed_up(site: Site) -> None:
    async with site.console.visitor() as http:
        for issuer in ("https://evil.example", ""):
            answer = {**await site.begin(http), "iss": issuer or f"{site.entra.origin}/x/v2.0"}
            assert "Code: WM-OIDC-ISSUER" in (await http.get("/log-in/finish", params=answer)).text


async def test_a_provider_that_says_that_it_names_itself_must(site: Site) -> None:
    def naming(request: HttpRequest) -> HttpReply | None:
        if not request.target.endswith("openid-configuration"):
            return None
        document = site.entra._document() | {"authorization_response_iss_parameter_supported": True}
        return _json(document)

    site.entra.misbehave = naming
    async with site.console.visitor() as http:
        answer = await site.begin(http)
        assert "Code: WM-OIDC-ISSUER" in (await http.get("/log-in/finish", params=answer)).text
        answer = {**await site.begin(http), "iss": f"{site.entra.origin}/{{tenantid}}/v2.0"}
        assert (await http.get("/log-in/finish", params=answer)).status_code == 200


def _json(value: object) -> HttpReply:
    import json

    return HttpReply(200, json.dumps(value).encode())


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://localhost/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": ""},
        {"end_session_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_discovery_document_that_leads_astray_is_not_followed(site: Site, changed: dict[str, Any]) -> None:
    site.entra.misbehave = lambda request: _json(site.entra._document() | changed)
    async with site.console.visitor() as http:
        answer = await http.get("/log-in/begin")
    assert answer.status_code == 503
    assert "WM-OIDC-UNAVAILABLE" in answer.text


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(500),
        HttpReply(200, b"[" * 100_000),
        HttpReply(200, b"x" * 300_000),
        HttpReply(200, b"[]"),
        HttpReply(302, headers={"Location": "https://169.254.169.254/"}),
        HttpReply(200, b"{}", cut=True),
        HttpReply(200, silent=True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["openid-configuration", "/token", "/keys"])
async def test_a_provider_that_fails_is_told_and_lets_nobody_in(site: Site, reply: HttpReply, path: str) -> None:
    async with site.console.visitor() as http:
        if path == "openid-configuration":
            site.entra.misbehave = lambda request: reply
            assert (await http.get("/log-in/begin")).status_code == 503
            return
        answer = await site.begin(http)
        site.entra.misbehave = lambda request: reply if request.target == path else None
        got = await http.get("/log-in/finish", params=answer)
        assert (got.status_code, got.headers["retry-after"]) == (503, "60")
        assert COOKIE not in http.cookies


async def test_a_provider_that_does_not_answer_is_not_asked_by_everybody(site: Site) -> None:
    site.entra.misbehave = lambda request: HttpReply(500)
    async with site.console.visitor() as http:
        codes = [(await http.get("/log-in/begin")).status_code for _ in range(5)]
        assert codes == [503] * 5
        assert len(site.entra.requests) == 1
        site.entra.misbehave = lambda request: None
        site.console.wait(6)
        assert (await site.log_in(http)).status_code == 200


async def test_methods_are_shown_as_words_and_nothing_else(site: Site) -> None:
    site.entra.claims = {"amr": ["mfa", "\x1b[31mred", "x" * 50, "hwk"]}
    async with site.console.visitor() as http:
        await site.log_in(http)
    assert [each.proved_by for each in site.console.logins.sessions("")] == ["identity provider mfa hwk"]


async def test_a_certificate_that_nobody_vouches_for_ends_it(site: Site, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    site.offer(place=replace(site.place, ca_file=str(Authority(tmp_path / "other").ca_file)))
    async with site.console.visitor() as http:
        assert (await http.get("/log-in/begin")).status_code == 503


async def test_a_private_key_proves_us_in_place_of_a_secret(site: Site) -> None:
    key = RSAKey.generate_key(2048)
    site.entra.client_key = RSAKey.import_key(key.as_pem(private=False))
    site.offer(place=replace(site.place, secret_ref="", key_ref="file:key"), secret=key.as_pem(private=True))
    async with site.console.visitor() as http:
        assert (await site.log_in(http)).status_code == 200


async def test_a_secret_that_is_refused_is_read_anew(site: Site) -> None:
    site.offer(secret=b"wrong")
    async with site.console.visitor() as http:
        assert (await site.log_in(http)).status_code == 503


async def test_the_session_is_new_and_the_goal_is_ours(site: Site) -> None:
    async with site.console.visitor("boss") as http:
        before = http.cookies[COOKIE]
        answer = await site.begin(http, "//evil.example")
        got = await http.get("/log-in/finish", params=answer)
        assert 'content="0; url=/"' in got.text
        assert http.cookies[COOKIE] != before
        http.cookies.set(COOKIE, before, domain="gw.test")
        assert (await http.get("/messages")).status_code == 303
        cookies = [each for each in got.headers.get_list("set-cookie") if each.startswith(COOKIE + "=")]
        assert all(flag in cookies[0] for flag in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"))


async def test_an_address_whose_answers_do_not_hold_waits(site: Site) -> None:
    async with site.console.visitor() as http:
        codes = []
        for _ in range(21):
            answer = await site.begin(http)
            codes.append((await http.get("/log-in/finish", params={**answer, "code": "made-up"})).status_code)
    assert codes == [403] * 20 + [429]


async def test_answers_to_no_log_in_lock_no_address_out(site: Site) -> None:
    """Any site can have the browsers of a whole hospital, behind one address, ask for this page."""
    async with site.console.visitor() as http:
        codes = {(await http.get(f"/log-in/finish?state={n}&code=x")).status_code for n in range(25)}
        assert codes == {403}
        assert (await site.log_in(http)).status_code == 200

"""How programs prove who they are besides a secret: signed assertions, access tokens, certificates; and test keys."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.unit.web.api_kit import AUDIENCES, Api, opened
from wardmail.manage.client_tokens import LASTS
from wardmail.manage.credential_proofs import Proofs, with_certificate, with_proofs, with_public_keys
from wardmail.manage.integrations import BadInput, make_credential
from wardmail.manage.routes import preset
from wardmail.model.address import Address
from wardmail.model.integration import Credential
from wardmail.model.route import RouteKind
from wardmail.outbound.release import NotReleased, release
from wardmail.outbound.reporting import make_report
from wardmail.protocol.dsn import Action, Fate
from wardmail.web import key_of

LETTER = {"from": "app@trust.example", "to": ["a@nhs.net"], "subject": "Hello", "text": "Good morning."}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY, OTHER = RSAKey.generate_key(2048), RSAKey.generate_key(2048)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with opened(tmp_path) as made:
        yield made


def save(api: Api, credential: Credential) -> None:
    api.stage.register.save_credential(credential, "test")
    api.stage.world.register.refresh()


def credential(api: Api, username: str, **changed: Any) -> tuple[Credential, str]:
    now = api.stage.clock.now()
    made = make_credential(username, "app", api.stage.world.pepper, now, lifetime_days=30)
    return replace(made.credential, **changed), made.secret


def with_key(api: Api, username: str = "signer", key: Any = KEY) -> Credential:
    made = with_public_keys(credential(api, username)[0], json.dumps(key.as_dict(private=False)).encode())
    assert isinstance(made, Credential)
    save(api, made)
    return made


def assertion(api: Api, *, key: Any = KEY, algorithm: str = "PS256", **changed: Any) -> str:
    now = int(api.stage.clock.now())
    own = {
        "iss": "signer",
        "sub": "signer",
        "aud": AUDIENCES[1],
        "jti": secrets.token_hex(8),
        "iat": now,
        "exp": now + 60,
    }
    claims = {name: value for name, value in {**own, **changed}.items() if value is not None}
    return jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm])


async def ask(api: Api, text: str, **changed: str) -> httpx2.Response:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": text}
    return await api.http.post("/oauth2/token", data=form | changed)


async def token(api: Api) -> dict[str, str]:
    answer = await ask(api, assertion(api))
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def calls(api: Api, headers: dict[str, str]) -> int:
    return (await api.http.get("/v1/messages", headers=headers)).status_code


async def test_a_signed_assertion_gets_a_token_that_is_good_for_a_while(api: Api) -> None:
    with_key(api)
    answer = await ask(api, assertion(api), client_id="signer")
    assert answer.headers["cache-control"] == "no-store"
    got = answer.json()
    assert (got["token_type"], got["expires_in"]) == ("Bearer", LASTS)
    headers = {"Authorization": f"Bearer {got['access_token']}"}
    sent = await api.http.post("/v1/messages", json=LETTER, headers=headers)
    assert sent.status_code == 202
    api.stage.clock.at += LASTS
    assert await calls(api, headers) == 401


async def test_each_kind_of_key_and_both_audiences_are_taken(api: Api) -> None:
    for algorithm, key in (("ES256", ECKey.generate_key("P-256")), ("Ed25519", OKPKey.generate_key("Ed25519"))):
        with_key(api, key=key)
        assert (await ask(api, assertion(api, key=key, algorithm=algorithm, aud=[AUDIENCES[0]]))).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "app-1"},
        {"sub": "app-1", "iss": "app-1"},
        {"sub": None},
        {"sub": 5},
        {"aud": "https://elsewhere.example/oauth2/token"},
        {"aud": None},
        {"aud": [AUDIENCES[0], "https://elsewhere.example"]},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 300},
        {"jti": "a\0b"},
        {"exp": None},
        {"exp": 1},
        {"exp": True},
        {"exp": 9_999_999_999},
        {"iat": 9_999_999_999},
        {"nbf": 9_999_999_999},
        {"nbf": "soon"},
        {"key": OTHER},
        {"algorithm": "RS512"},
        {"algorithm": "HS256", "key": OctKey.import_key(b"x" * 32)},
    ],
)
@pytest.mark.filterwarnings("ignore")
async def test_an_assertion_that_is_not_right_gets_nothing(api: Api, changed: dict[str, Any]) -> None:
    with_key(api)
    answer = await ask(api, assertion(api, **changed))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"
    assert "access_token" not in answer.text


async def test_an_assertion_serves_once(api: Api) -> None:
    with_key(api)
    text = assertion(api)
    assert [(await ask(api, text)).status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"grant_type": "password"}, 400),
        ({"client_assertion_type": "other"}, 401),
        ({"client_assertion": ""}, 401),
        ({"client_assertion": "a.b.c"}, 401),
        ({"client_assertion": "é"}, 401),
        ({"client_assertion": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzaWduZXIifQ."}, 401),
        ({"client_assertion": "x" * 60_000}, 401),
        ({"client_id": "somebody-else"}, 401),
    ],
)
async def test_other_requests_for_a_token_get_nothing(api: Api, changed: dict[str, str], status: int) -> None:
    with_key(api)
    answer = await ask(api, assertion(api), **changed)
    assert answer.status_code == status
    assert "access_token" not in answer.text


async def test_who_fails_often_waits(api: Api) -> None:
    with_key(api)
    codes = [(await ask(api, assertion(api, key=OTHER))).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


async def test_half_a_character_in_an_assertion_is_refused_and_breaks_nothing(api: Api) -> None:
    with_key(api)
    payload = json.dumps(json.loads(jws.extract_compact(assertion(api).encode()).payload) | {"jti": "\ud800"})
    text = jws.serialize_compact({"alg": "PS256"}, payload, KEY, algorithms=["PS256"])
    assert (await ask(api, text)).status_code == 401


@pytest.mark.parametrize("sent", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_page_of_another_site_locks_no_address_out(api: Api, sent: dict[str, str]) -> None:
    with_key(api)
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "client_assertion": "x"}
    codes = {(await api.http.post("/oauth2/token", data=form, headers=sent)).status_code for _ in range(25)}
    assert codes == {403}
    assert (await ask(api, assertion(api))).status_code == 200


async def test_a_token_ends_with_its_credential_its_keys_and_its_integration(api: Api) -> None:
    made = with_key(api)
    for ended in (
        replace(made, revoked_at=1.0),
        replace(made, expires_at=1.0),
        replace(made, networks=("10.0.0.0/8",)),
    ):
        save(api, made)
        headers = await token(api)
        assert await calls(api, headers) == 200
        save(api, ended)
        assert await calls(api, headers) == 401
    save(api, made)
    headers = await token(api)
    with_key(api, key=OTHER)
    assert await calls(api, headers) == 401


async def test_a_token_that_was_changed_or_made_up_is_none(api: Api) -> None:
    with_key(api)
    good = (await token(api))["Authorization"].removeprefix("Bearer ")
    for wrong in (
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good.replace(".", ""),
        "wmt_",
        "wmt_é.x",
        good + "x" * 2000,
    ):
        headers = {b"Authorization": b"Bearer " + wrong.encode("utf-8")}
        assert (await api.http.get("/v1/messages", headers=headers)).status_code == 401


async def test_the_secret_of_a_credential_with_a_key_was_never_told(api: Api) -> None:
    made = with_key(api)
    assert not made.has_secret


def certificate() -> bytes:
    return trustme.CA().issue_cert("app.example").cert_chain_pems[0].bytes()


async def test_a_registered_certificate_of_the_connection_proves_who_calls(api: Api) -> None:
    made = with_certificate(credential(api, "tls-app")[0], certificate())
    assert isinstance(made, Credential)
    save(api, made)
    shown = made.certificate

    async def called(thumbprint: bytes, headers: dict[str, str] | None = None) -> int:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope["state"] = {"client_certificate": thumbprint}
            await api.http._transport.app(scope, receive, send)  # type: ignore[attr-defined]

        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://gw.test") as http:
            return (await http.get("/v1/messages", headers=headers)).status_code

    assert await called(shown) == 200
    assert await called(b"") == 401
    assert await called(hashlib.sha256(b"another").digest()) == 401
    assert await called(shown, {"Authorization": "Bearer wmk_app-1.wrong"}) == 401, "what is offered is what counts"
    save(api, replace(made, revoked_at=1.0))
    assert await called(shown) == 401
    save(api, made)
    save(api, replace(made, username="tls-app-2"))
    assert await called(shown) == 401, "nobody's, when two have it"


def test_what_is_no_public_key_is_not_kept() -> None:
    plain = make_credential("a-b", "app", b"x" * 32, 0.0, lifetime_days=None).credential
    private = RSAKey.generate_key(2048)
    for text in (
        private.as_pem(private=True),
        json.dumps(private.as_dict(private=True)).encode(),
        b"",
        b"[]",
        b"{}",
        b'{"keys": []}',
        b'{"kty":"oct","k":"AAAA"}',
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"[" * 50_000,
        json.dumps({"keys": [private.as_dict(private=False)] * 6}).encode(),
        json.dumps(ECKey.generate_key("P-521").as_dict(private=False)).encode(),
    ):
        assert isinstance(with_public_keys(plain, text), BadInput), text[:60]
    assert isinstance(with_certificate(plain, b"nothing"), BadInput)
    for good in (private.as_pem(private=False), json.dumps({"keys": [private.as_dict(private=False)]}).encode()):
        assert isinstance(with_public_keys(plain, good), Credential)


def test_an_empty_file_is_no_proof_and_never_a_secret_instead() -> None:
    plain = make_credential("a-b", "app", b"x" * 32, 0.0, lifetime_days=None).credential
    assert isinstance(with_proofs(plain, Proofs(public_key=b"")), BadInput)
    assert isinstance(with_proofs(plain, Proofs(certificate=b"")), BadInput)
    assert with_proofs(plain, Proofs()) == plain


def sandboxed(api: Api) -> None:
    api.stage.register.save_route(preset(RouteKind.SANDBOX, "sandbox"), "test")
    api.stage.world.register.refresh()


def test_key(api: Api) -> dict[str, str]:
    made, secret = credential(api, "tester", is_test=True)
    save(api, made)
    return {"Authorization": f"Bearer {key_of('tester', secret, is_test=True)}"}


test_key.__test__ = False  # type: ignore[attr-defined]


async def test_keys_say_what_they_are_and_the_old_form_stays(api: Api) -> None:
    for prefix, status in (("wmk_", 200), ("wmk_live_", 200), ("wmk_test_", 401)):
        assert await calls(api, {"Authorization": f"Bearer {prefix}app-1.{api.stage.secret}"}) == status
    made, secret = credential(api, "tester", is_test=True)
    save(api, made)
    for prefix, status in (("wmk_", 200), ("wmk_live_", 401), ("wmk_test_", 200)):
        assert await calls(api, {"Authorization": f"Bearer {prefix}tester.{secret}"}) == status


async def test_what_comes_with_a_test_key_is_judged_as_usual_and_stays_here(api: Api) -> None:
    key = test_key(api)
    refused = await api.http.post("/v1/messages", json=LETTER, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (403, "WM-TEST-NO-SANDBOX")
    sandboxed(api)
    sent = (await api.http.post("/v1/messages", json=LETTER, headers=key)).json()
    live = (await api.http.post("/v1/messages", json=LETTER, headers=api.key)).json()
    assert [each["route"] for each in sent["recipients"]] == ["sandbox"]
    assert [each["route"] for each in live["recipients"]] == ["relay"]
    assert sent["recipients"][0]["because"] == live["recipients"][0]["because"]
    held = await api.http.post(
        "/v1/messages", json=LETTER | {"to": ["a@unknown.example"], "classification": "official-sensitive"}, headers=key
    )
    assert held.json()["recipients"][0]["outcome"] == "hold", "as without a test key"


async def test_a_test_key_sees_what_it_sent_and_nothing_live(api: Api) -> None:
    key = test_key(api)
    sandboxed(api)
    mine = (await api.http.post("/v1/messages", json=LETTER, headers=key)).json()["id"]
    live = (await api.http.post("/v1/messages", json=LETTER, headers=api.key)).json()["id"]
    found = (await api.http.get("/v1/messages", headers=key)).json()["items"]
    assert {each["id"] for each in found} == {mine}
    for path in ("", "/events"):
        assert (await api.http.get(f"/v1/messages/{mine}{path}", headers=key)).status_code == 200
        assert (await api.http.get(f"/v1/messages/{live}{path}", headers=key)).status_code == 404
        assert (await api.http.get(f"/v1/messages/{mine}{path}", headers=api.key)).status_code == 200
    for path in ("inbound-messages", "inbound-messages/X/content", "events", "events/stream", "webhook-endpoints"):
        answer = await api.http.get(f"/v1/{path}", headers=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "WM-TEST-KEY"), path
    assert (await api.http.post("/v1/inbound-messages/X/ack", headers=key)).status_code == 403


async def test_the_same_idempotency_key_of_a_test_and_of_a_live_key_are_two(api: Api) -> None:
    """Else the live message would be taken for sent."""
    key = test_key(api)
    sandboxed(api)
    same = {"Idempotency-Key": "letter-1"}
    first = await api.http.post("/v1/messages", json=LETTER, headers=key | same)
    again = await api.http.post("/v1/messages", json=LETTER, headers=key | same)
    live = await api.http.post("/v1/messages", json=LETTER, headers=api.key | same)
    assert again.json()["id"] == first.json()["id"]
    assert live.json()["id"] != first.json()["id"]
    assert live.json()["recipients"][0]["route"] == "relay"


async def test_a_held_test_message_that_is_released_stays_here_too(api: Api) -> None:
    key = test_key(api)
    sandboxed(api)
    letter = LETTER | {"to": ["a@unknown.example"], "classification": "official-sensitive"}
    held = (await api.http.post("/v1/messages", json=letter, headers=key)).json()
    released = await release(api.stage.world, held["id"], actor="amina", reason="a test")
    assert isinstance(released, tuple), released
    assert {each.decision.route for each in released} == {"sandbox"}
    again = (await api.http.post("/v1/messages", json=letter, headers=key)).json()
    api.stage.register.remove_route("sandbox", "test")
    api.stage.world.register.refresh()
    assert isinstance(await release(api.stage.world, again["id"], actor="amina", reason="a test"), NotReleased)


async def test_the_report_about_a_test_message_stays_here_too(api: Api) -> None:
    sandboxed(api)
    for headers, route in ((test_key(api), "sandbox"), (api.key, "relay")):
        sent = (await api.http.post("/v1/messages", json=LETTER, headers=headers)).json()
        loaded = await api.stage.world.queue.load(sent["id"])
        assert loaded is not None
        fate = Fate(Address("a", "nhs.net"), Action.FAILED, "5.1.1", "no such person")
        head, body = await api.stage.world.queue.read_content(sent["id"], 0)
        report = make_report(api.stage.world, loaded[0], (fate,), head, body)
        assert report is not None
        assert [each.decision.route for each in report.recipients] == [route]


async def test_the_description_names_every_way_in(api: Api) -> None:
    described = (await api.http.get("/openapi.json")).json()
    assert {"key", "basic", "token", "certificate"} <= set(described["components"]["securitySchemes"])

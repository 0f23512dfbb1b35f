"""Log-ins at a real upstream: Postfix with Dovecot's SASL, by password and by OAuth token."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from tests.journeys.courier_kit import KnownSecrets, consignment, smtp_courier
from tests.journeys.peers.dovecot import running_dovecot
from tests.journeys.peers.ground import Authority, open_directory
from tests.journeys.peers.postfix import running_postfix
from tests.journeys.peers.web import Page, running_web
from wardmail.model.delivery import Deferred, HandedOn
from wardmail.model.route import AuthMechanism, OAuthClient, Route, RouteKind, RouteLimits

pytestmark = pytest.mark.journey

USER = "appointments@trust.example"
ONE_AT_A_TIME = RouteLimits(messages_per_connection=1)


@pytest.fixture(scope="module")
def authority():
    with open_directory("authority") as directory:
        yield Authority(directory)


@pytest.fixture(scope="module")
def dovecot():
    with running_dovecot() as running:
        yield running


@pytest.fixture(scope="module")
def postfix(authority, dovecot):
    with running_postfix(authority.issue("localhost"), settings=dovecot.postfix_settings) as running:
        yield running


@pytest.fixture
def route(authority, postfix):
    return Route(
        "nhsmail",
        RouteKind.NHSMAIL,
        "localhost",
        postfix.port,
        ca_file=str(authority.ca_file),
        username=USER,
        secret_ref="keystore:password",
    )


class TokenEndpoint:
    """Hands out numbered tokens, and can be told to fail."""

    def __init__(self) -> None:
        self.issued = 0
        self.lifetime = 3600
        self.failure: Page | None = None

    def __call__(self, _host: str, _path: str, _form: bytes) -> Page:
        if self.failure is not None:
            return self.failure
        self.issued += 1
        answer = {"access_token": f"token-{self.issued}", "expires_in": self.lifetime, "token_type": "Bearer"}
        return Page(json.dumps(answer).encode(), content_type="application/json")


@pytest.fixture
def endpoint():
    return TokenEndpoint()


@pytest.fixture
def web(authority, endpoint):
    with running_web(authority.issue("localhost"), endpoint) as running:
        yield running


@pytest.fixture
def oauth_route(route, web):
    client = OAuthClient(f"https://localhost:{web.port}/token", "client-1", "keystore:client", "mail/.default")
    return replace(route, auth=AuthMechanism.XOAUTH2, oauth=client, limits=ONE_AT_A_TIME)


async def deliver(route, authority, times=1, **secrets):
    courier = smtp_courier(secrets=KnownSecrets(**secrets), oauth_ca=str(authority.ca_file))
    try:
        return [(await courier.deliver(consignment(), route))[0] for _ in range(times)]
    finally:
        await courier.close()


@pytest.mark.parametrize("mechanism", [AuthMechanism.PLAIN, AuthMechanism.LOGIN])
async def test_a_password_opens_the_route(authority, postfix, route, dovecot, mechanism):
    (result,) = await deliver(replace(route, auth=mechanism), authority, password=dovecot.password.encode())
    assert isinstance(result.outcome, HandedOn)
    assert f"sasl_method={mechanism.value.upper()}, sasl_username={USER}" in postfix.log()


@pytest.mark.parametrize("mechanism", [AuthMechanism.PLAIN, AuthMechanism.LOGIN])
async def test_a_wrong_password_defers_and_blames_the_route(authority, route, mechanism):
    (result,) = await deliver(replace(route, auth=mechanism), authority, password=b"wrong")
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.error == "WM-ROUTE-AUTH"
    assert result.outcome.reply.code == 535


@pytest.mark.parametrize("mechanism", [AuthMechanism.PLAIN, AuthMechanism.LOGIN])
async def test_a_password_that_was_changed_in_its_store_is_used_at_once(authority, route, dovecot, mechanism):
    secrets = KnownSecrets(password=b"of yesterday")
    secrets.changed["password"] = dovecot.password.encode()
    courier = smtp_courier(secrets=secrets)
    try:
        (result,) = await courier.deliver(consignment(), replace(route, auth=mechanism))
    finally:
        await courier.close()
    assert isinstance(result.outcome, HandedOn)


async def test_a_client_secret_that_was_changed_in_its_store_is_used_at_once(authority, oauth_route, dovecot, web):
    dovecot.tokens["token-1"] = USER
    answer = web.answer
    web.answer = lambda host, path, form: (
        answer(host, path, form) if b"client_secret=new" in form else Page(b'{"error": "invalid_client"}', 401)
    )
    secrets = KnownSecrets(client=b"old")
    secrets.changed["client"] = b"new"
    courier = smtp_courier(secrets=secrets, oauth_ca=str(authority.ca_file))
    try:
        (result,) = await courier.deliver(consignment(), oauth_route)
    finally:
        await courier.close()
    assert isinstance(result.outcome, HandedOn)
    assert len(web.requests) == 2


async def test_without_a_log_in_this_upstream_takes_nothing(authority, route):
    (result,) = await deliver(route, authority)
    assert not isinstance(result.outcome, HandedOn)


async def test_a_token_opens_the_route_and_is_used_again(authority, oauth_route, dovecot, endpoint, web):
    dovecot.tokens["token-1"] = USER
    results = await deliver(oauth_route, authority, times=3, client=b"s3cret&")
    assert all(isinstance(result.outcome, HandedOn) for result in results)
    assert endpoint.issued == 1
    (_, path, form) = web.requests[0]
    assert path == "/token"
    assert form == b"grant_type=client_credentials&client_id=client-1&client_secret=s3cret%26&scope=mail%2F.default"


async def test_a_withdrawn_token_is_renewed_once(authority, oauth_route, dovecot, endpoint):
    dovecot.tokens.clear()
    dovecot.tokens["token-2"] = USER
    (result,) = await deliver(oauth_route, authority, client=b"s")
    assert isinstance(result.outcome, HandedOn)
    assert endpoint.issued == 2


async def test_a_token_that_is_refused_twice_defers(authority, oauth_route, dovecot, endpoint):
    dovecot.tokens.clear()
    (result,) = await deliver(oauth_route, authority, client=b"s")
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.error == "WM-ROUTE-AUTH"
    assert endpoint.issued == 2


async def test_an_old_token_is_renewed_before_it_expires(authority, oauth_route, dovecot, endpoint):
    dovecot.tokens.update({"token-1": USER, "token-2": USER})
    endpoint.lifetime = 0
    await deliver(oauth_route, authority, times=2, client=b"s")
    assert endpoint.issued == 2


async def test_many_connections_share_one_token_request(authority, oauth_route, dovecot, endpoint):
    dovecot.tokens["token-1"] = USER
    courier = smtp_courier(secrets=KnownSecrets(client=b"s"), oauth_ca=str(authority.ca_file))
    results = await asyncio.gather(*(courier.deliver(consignment(), oauth_route) for _ in range(6)))
    await courier.close()
    assert all(isinstance(result.outcome, HandedOn) for (result,) in results)
    assert endpoint.issued == 1


@pytest.mark.parametrize(
    "failure",
    [
        Page(b'{"error":"invalid_client","error_description":"secret s3cret is wrong"}', 401, "application/json"),
        Page(b"<html>", 200, "text/html"),
        Page(b"{}", 200, "application/json"),
        Page(b'{"access_token":7}', 200, "application/json"),
        Page(b'{"access_token":"a\\u0001auth=b"}', 200, "application/json"),
        Page(b'{"access_token":"' + b"x" * 100_000 + b'"}', 200, "application/json"),
        Page(b"", 302, headers={"Location": "https://elsewhere.example/"}),
    ],
)
async def test_a_token_endpoint_that_fails_defers_without_a_secret_in_the_words(
    authority, oauth_route, endpoint, failure
):
    endpoint.failure = failure
    (result,) = await deliver(oauth_route, authority, client=b"s3cret")
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.error == "WM-ROUTE-TOKEN"
    assert "s3cret" not in repr(result)


async def test_a_token_endpoint_must_prove_its_name_and_speak_https(authority, oauth_route, tmp_path):
    stranger = Authority(tmp_path)
    (result,) = await deliver(oauth_route, stranger, client=b"s")
    assert result.outcome.error == "WM-ROUTE-TOKEN"
    plain = replace(oauth_route.oauth, token_endpoint="http://localhost:1/token")
    (result,) = await deliver(replace(oauth_route, oauth=plain), authority, client=b"s")
    assert "https" in result.outcome.why

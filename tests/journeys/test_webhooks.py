"""Webhooks of an integration: a real gateway tells a real receiver, signed, by any of its secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from tests.journeys.gateway import Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority, open_directory, wait_until
from tests.journeys.peers.https_server import HttpReply, HttpRequest, https_server
from wardmail.edges.webhook_signature import signature

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with open_directory("webhooks") as directory:
        yield Authority(directory)


@pytest.fixture(scope="module")
def gateway(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    made = make_gateway(tmp_path_factory.mktemp("gateway"), authority)
    made.do("route", "create", "sandbox", "--kind", "sandbox")
    let_in(made, "sandbox", user="clinic")
    return made


def _ids(heard: list[HttpRequest]) -> list[str]:
    return [each.headers["webhook-id"] for each in heard]


def _is_signed_by(secret: str, request: HttpRequest) -> bool:
    at, name = int(request.headers["webhook-timestamp"]), request.headers["webhook-id"]
    return signature(secret.encode(), name, at, request.body) in request.headers["webhook-signature"].split()


def test_a_webhook_from_its_making_to_its_end(gateway: Gateway, authority: Authority) -> None:
    heard: list[HttpRequest] = []
    answers: list[int] = []

    def answer(request: HttpRequest) -> HttpReply:
        heard.append(request)
        return HttpReply(answers.pop(0) if answers else 204)

    with https_server(authority.issue("localhost", "127.0.0.1"), answer) as port:
        where = ("clinic", f"https://localhost:{port}/hook", "--allow-private", "--ca-file", authority.ca_file)
        (made,) = gateway.ask("webhook", "add", *where, "--json")
        name, secret = made["id"], made["secret"]
        assert gateway.ask("webhook", "test", name, "--json") == [{"id": name, "taken": True, "answer": 204}]
        assert _is_signed_by(secret, heard[-1])
        heard.clear()
        with running(gateway, workers=1):
            _accept(gateway)
            wait_until(lambda: bool(heard), "the webhook to be told", 20)
            told = json.loads(heard[0].body)
            assert told["type"].startswith("message.")
            assert _is_signed_by(secret, heard[0])
            (rotated,) = gateway.ask("webhook", "rotate-secret", name, "--ed25519", "--json")
            assert rotated["secret"].startswith("whpk_")
            heard.clear()
            answers[:] = [500]
            _accept(gateway)
            wait_until(lambda: len(_ids(heard)) > len(set(_ids(heard))), "a second try with the same ID", 30)
            assert all(len(each.headers["webhook-signature"].split()) == 2 for each in heard)
            assert _is_signed_by(secret, heard[-1])
        gateway.do("webhook", "rotate-secret", name, "--finish")
        gateway.ask("webhook", "test", name, "--json")
        assert not _is_signed_by(secret, heard[-1])
        assert base64.b64decode(rotated["secret"].removeprefix("whpk_"))
        (listed,) = gateway.ask("webhook", "list", "--json")
        assert (listed["secrets"], listed["stopped"]) == (1, "")
        assert gateway.ask("webhook", "deliveries", name, "--json")
        gateway.do("webhook", "remove", name, "--yes")
        assert gateway.ask("webhook", "list", "--json") == []


def test_an_address_that_is_not_public_is_not_called_unless_somebody_says_so(
    gateway: Gateway, authority: Authority
) -> None:
    heard: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpReply:
        heard.append(request)
        return HttpReply(204)

    with https_server(authority.issue("localhost", "127.0.0.1"), answer) as port:
        (made,) = gateway.ask("webhook", "add", "clinic", f"https://localhost:{port}/", "--json")
        (tested,) = gateway.ask("webhook", "test", made["id"], "--json", status=1)
        assert tested["taken"] is False
        assert "not public" in tested["answer"]
    assert heard == []
    gateway.ask("webhook", "add", "clinic", "http://app.example/", "--json", status=2)
    gateway.ask("webhook", "add", "clinic", "https://app.example/", "--type", "message.lost", "--json", status=2)
    gateway.ask("webhook", "add", "nobody", "https://app.example/", "--json", status=5)


def _accept(gateway: Gateway) -> None:
    gateway.do("send", "--integration", "clinic", "--from", "a@trust.example", "--to", "a@nhs.net", "--text", "Hello")

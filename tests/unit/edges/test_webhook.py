"""The webhook poster over real TLS: what counts as taken, and failures that say nothing of secrets."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.journeys.peers.ground import Authority, free_port
from tests.journeys.peers.webhook import SECRET, receiving

from wardmail.edges.clock import SystemClock
from wardmail.edges.webhook import HttpsPoster
from wardmail.edges.webhook_signature import signature, signed_headers
from wardmail.model.refusal import Unavailable
from wardmail.model.webhook import WebhookMessage

MESSAGE = WebhookMessage("msg_1", "hold.opened", '{"type": "hold.opened"}', 0.0)


class _Secrets:
    def __init__(self, secret: bytes = SECRET.encode(), *, gone: bool = False) -> None:
        self._secret = secret
        self._gone = gone

    def reveal(self, reference: str) -> bytes:
        if self._gone:
            raise Unavailable("the keystore", reference)
        return self._secret

    def forget(self, reference: str) -> None: ...


def _poster(url: str, authority: Authority, secrets: _Secrets | None = None) -> HttpsPoster:
    return HttpsPoster(url, "keystore:hook", secrets or _Secrets(), SystemClock(), str(authority.ca_file))


async def test_what_is_taken_and_what_is_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with receiving(authority) as receiver:
        poster = _poster(receiver.url, authority)
        assert await poster.post(MESSAGE) == ""
        assert receiver.taken == [MESSAGE.payload]
        receiver.answers = [302, 500, 410]
        assert [await poster.post(MESSAGE) for _ in range(3)] == [
            "the receiver answered 302",
            "the receiver answered 500",
            "the receiver answered 410",
        ]
        assert len(receiver.ids) == 4
        forger = _poster(receiver.url, authority, _Secrets(b"another secret"))
        assert await forger.post(MESSAGE) == "the receiver answered 401"


async def test_a_receiver_that_is_not_the_one_it_says_gets_nothing(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with receiving(authority) as receiver:
        stranger = HttpsPoster(receiver.url, "keystore:hook", _Secrets(), SystemClock())
        assert "failed" in await stranger.post(MESSAGE)
        by_address = receiver.url.replace("localhost", "127.0.0.2")
        assert "failed" in await _poster(by_address, authority).post(MESSAGE)
        assert receiver.ids == []
    assert "failed" in await _poster(f"https://localhost:{free_port()}/", authority).post(MESSAGE)


async def test_a_secret_that_cannot_be_read_means_later_and_is_not_shown(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    said = await _poster("https://localhost/", authority, _Secrets(gone=True)).post(MESSAGE)
    assert said == "its secret cannot be read: the keystore"


PAYLOAD = MESSAGE.payload.encode()


@pytest.mark.parametrize(
    "secret", [b"plain", b"whsec_a2V5", b"whsk_" + b"YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY="]
)
def test_a_signature_covers_id_time_and_body(secret: bytes) -> None:
    one = signature(secret, "msg_1", 1, PAYLOAD)
    assert one != signature(secret, "msg_1", 2, PAYLOAD)
    assert one != signature(secret, "msg_2", 1, PAYLOAD)
    assert one != signature(secret, "msg_1", 1, PAYLOAD + b" ")


def test_a_shared_secret_may_be_written_in_either_way() -> None:
    assert signature(b"key", "msg_1", 1, PAYLOAD) == signature(b"whsec_a2V5", "msg_1", 1, PAYLOAD)


def test_a_private_key_signs_what_its_public_key_proves() -> None:
    seed = bytes(range(32))
    version, _, made = signature(b"whsk_" + base64.b64encode(seed), "msg_1", 1, PAYLOAD).partition(",")
    assert version == "v1a"
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    public.verify(base64.b64decode(made), b"msg_1.1." + PAYLOAD)  # raises when it does not fit


def test_two_secrets_are_two_signatures() -> None:
    signed = signed_headers([b"new", b"old"], "msg_1", 1, PAYLOAD)["webhook-signature"].split(" ")
    assert signed == [signature(b"new", "msg_1", 1, PAYLOAD), signature(b"old", "msg_1", 1, PAYLOAD)]

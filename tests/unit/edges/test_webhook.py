"""The webhook poster over real TLS: what counts as taken, and failures that say nothing of secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.journeys.peers.ground import Authority, free_port
from tests.journeys.peers.webhook import SECRET, receiving

from wardmail.edges.clock import SystemClock
from wardmail.edges.webhook import HttpsPoster, signed_headers
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


@pytest.mark.parametrize("secret", [b"plain", b"whsec_a2V5"])
def test_a_signature_covers_id_time_and_body(secret: bytes) -> None:
    one = signed_headers(MESSAGE, secret, 1)["webhook-signature"]
    assert one != signed_headers(MESSAGE, secret, 2)["webhook-signature"]
    other = WebhookMessage("msg_2", MESSAGE.type, MESSAGE.payload, 0.0)
    assert one != signed_headers(other, secret, 1)["webhook-signature"]
    assert signed_headers(MESSAGE, b"key", 1) == signed_headers(MESSAGE, b"whsec_a2V5", 1)

"""What a failed handshake of old TLS proves: the server's own no, and not a failure of ours."""

from __future__ import annotations

import ssl

import pytest

from wardmail.edges.mail_server_look import MailServerLook, _Broken, _Session
from wardmail.edges.old_tls import context_of_old_tls, is_refusal


def _failure(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("failure", "refused"),
    [
        (_failure("TLSV1_ALERT_PROTOCOL_VERSION"), True),
        (_failure("SSLV3_ALERT_HANDSHAKE_FAILURE"), True),
        (ssl.SSLEOFError(8, "EOF"), True),
        (ConnectionResetError(), True),
        (_failure("DH_KEY_TOO_SMALL"), False),
        (_failure("WRONG_SIGNATURE_TYPE"), False),
        (_failure("NO_PROTOCOLS_AVAILABLE"), False),
        (ssl.SSLError(1, "nothing more"), False),
        (TimeoutError(), False),
        (None, False),
    ],
)
def test_what_is_a_refusal(failure: BaseException | None, refused: bool) -> None:
    assert is_refusal(failure) is refused


def test_an_openssl_that_cannot_begin_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_new_tls_alone() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2")
        return context

    context_of_old_tls.cache_clear()
    monkeypatch.setattr("wardmail.edges.old_tls.context_of_any_tls", of_new_tls_alone)
    assert context_of_old_tls() is None
    context_of_old_tls.cache_clear()


@pytest.mark.parametrize(("version", "why"), [("TLSv1.3", "the TLS handshake broke off"), ("TLSv1.1", "")])
async def test_a_handshake_that_broke_off_by_chance_proves_no_old_tls(
    monkeypatch: pytest.MonkeyPatch, version: str, why: str
) -> None:
    """Where TLS 1.3 is spoken at the next try, the server was not heard out: that is not the same as old TLS alone."""
    answers: list[Exception | _Session] = [_Broken(), _Session(version, "", ())]

    async def shaken(*_: object) -> _Session:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(MailServerLook, "_shake_hands", shaken)
    seen = await MailServerLook("gw.example", allow_private=True).look("mx.example", "127.0.0.1")
    assert (seen.why, seen.offers_tls, seen.versions) == (why, not why, ())

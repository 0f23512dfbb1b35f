"""What a failed handshake of old TLS proves: the server's own no, and not a failure of ours."""

from __future__ import annotations

import ssl

import pytest

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

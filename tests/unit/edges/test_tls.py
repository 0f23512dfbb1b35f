"""TLS as a pipe, the suites it takes, resumption, and certificates that change while in use."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from wardmail.edges.approved_suites import APPROVED_SUITES
from wardmail.edges.sandbox_certificate import SandboxCertificate, make_sandbox_certificate
from wardmail.edges.tls import CertificateFiles, server_context, unsafe_unverified_context, verifying_context
from wardmail.edges.tls_pipe import TlsFailure, TlsPipe
from wardmail.model.refusal import Unavailable


@pytest.fixture
def files(tmp_path: Path) -> SandboxCertificate:
    return make_sandbox_certificate(tmp_path / "tls", ["localhost", "127.0.0.1"])


@pytest.fixture
def certificates(files: SandboxCertificate) -> CertificateFiles:
    return CertificateFiles(files.certificate, files.key)


def _shake_hands(client: TlsPipe, server: TlsPipe) -> None:
    for _ in range(4):
        server.feed_ciphertext(client.take_ciphertext())
        client.feed_ciphertext(server.take_ciphertext())


def _client(files: SandboxCertificate, context: ssl.SSLContext | None = None, **kwargs: object) -> TlsPipe:
    context = context or verifying_context(files.authority)
    return TlsPipe(context, is_server=False, server_hostname="localhost", **kwargs)  # type: ignore[arg-type]


def test_octets_go_both_ways(files: SandboxCertificate, certificates: CertificateFiles) -> None:
    client, server = _client(files), TlsPipe(certificates.context, is_server=True)
    _shake_hands(client, server)
    assert client.session is not None
    assert (client.session.version, client.session.resumed) == ("TLSv1.3", False)
    assert client.session.cipher in APPROVED_SUITES
    sent = os.urandom(100_000)
    client.write(sent)
    assert server.feed_ciphertext(client.take_ciphertext()) == sent
    server.write(b"yes")
    server.close()
    assert client.feed_ciphertext(server.take_ciphertext()) == b"yes"
    assert client.is_finished


def test_plaintext_with_the_end_of_the_handshake_is_not_lost(
    files: SandboxCertificate, certificates: CertificateFiles
) -> None:
    client, server = _client(files), TlsPipe(certificates.context, is_server=True)
    server.feed_ciphertext(client.take_ciphertext())
    client.feed_ciphertext(server.take_ciphertext())
    client.write(b"EHLO x\r\n")
    assert server.feed_ciphertext(client.take_ciphertext()) == b"EHLO x\r\n"
    assert server.is_ready


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed_even_after_renewal(
    version: ssl.TLSVersion, files: SandboxCertificate, certificates: CertificateFiles
) -> None:
    context = verifying_context(files.authority)
    context.maximum_version = version
    client, server = _client(files, context), TlsPipe(certificates.context, is_server=True)
    _shake_hands(client, server)
    assert certificates.reload()
    second, server = _client(files, context, resume=client.ssl_session), TlsPipe(certificates.context, is_server=True)
    _shake_hands(second, server)
    assert second.session is not None
    assert second.session.resumed
    assert server.session is not None
    assert server.session.resumed


def test_a_name_that_is_not_in_the_certificate_is_refused(
    files: SandboxCertificate, certificates: CertificateFiles
) -> None:
    client = TlsPipe(verifying_context(files.authority), is_server=False, server_hostname="mail.example")
    server = TlsPipe(certificates.context, is_server=True)
    with pytest.raises(TlsFailure, match="not verified"):
        _shake_hands(client, server)


def test_an_unknown_authority_is_refused_unless_nobody_asks(
    files: SandboxCertificate, certificates: CertificateFiles
) -> None:
    with pytest.raises(TlsFailure, match="not verified"):
        _shake_hands(_client(files, verifying_context()), TlsPipe(certificates.context, is_server=True))
    client = _client(files, unsafe_unverified_context())
    _shake_hands(client, TlsPipe(certificates.context, is_server=True))
    assert client.is_ready
    shown = x509.load_der_x509_certificate(client.peer_certificate() or b"")
    assert shown == x509.load_pem_x509_certificate(files.certificate.read_bytes())


@pytest.mark.parametrize("ciphers", ["AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-SHA256"])
def test_other_suites_of_tls_1_2_are_not_spoken(
    ciphers: str, files: SandboxCertificate, certificates: CertificateFiles
) -> None:
    context = verifying_context(files.authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    with pytest.raises(TlsFailure):
        _shake_hands(_client(files, context), TlsPipe(certificates.context, is_server=True))


def test_older_versions_are_not_spoken(files: SandboxCertificate, certificates: CertificateFiles) -> None:
    context = unsafe_unverified_context()
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(TlsFailure):
        _shake_hands(_client(files, context), TlsPipe(certificates.context, is_server=True))


def test_a_suite_that_was_negotiated_and_is_not_approved_ends_the_pipe(
    files: SandboxCertificate, certificates: CertificateFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wardmail.edges.tls_pipe.APPROVED_SUITES", frozenset())
    with pytest.raises(TlsFailure, match="not approved"):
        _shake_hands(_client(files), TlsPipe(certificates.context, is_server=True))


def test_the_configuration_file_leaves_only_approved_suites() -> None:
    script = (
        "from wardmail.edges.approved_suites import *; use_approved_suites_only();"
        "from wardmail.edges.tls import server_context;"
        "assert {c['name'] for c in server_context().get_ciphers()} == APPROVED_SUITES;"
        "import cryptography.hazmat.primitives.asymmetric.rsa as rsa; rsa.generate_private_key(65537, 2048)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENSSL_CONF"}
    outcome = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr


def test_a_new_certificate_is_shown_to_new_clients(
    files: SandboxCertificate, certificates: CertificateFiles, tmp_path: Path
) -> None:
    assert not certificates.reload_if_changed()
    renewed = make_sandbox_certificate(tmp_path / "renewed", ["localhost"])
    shutil.copy(renewed.certificate, files.certificate)
    shutil.copy(renewed.key, files.key)
    assert certificates.reload_if_changed()
    assert not certificates.reload_if_changed()
    client = _client(files, verifying_context(renewed.authority))
    _shake_hands(client, TlsPipe(certificates.context, is_server=True))
    assert client.is_ready


@pytest.mark.parametrize("damage", ["garbage", "other key", "missing"])
def test_a_bad_new_certificate_leaves_the_old_one(
    damage: str,
    files: SandboxCertificate,
    certificates: CertificateFiles,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if damage == "garbage":
        files.certificate.write_text("not a certificate")
    elif damage == "missing":
        files.certificate.unlink()
    else:
        shutil.copy(make_sandbox_certificate(tmp_path / "other", ["localhost"]).certificate, files.certificate)
    assert not certificates.reload_if_changed()
    assert "the old one stays in use" in caplog.text
    client = _client(files)
    _shake_hands(client, TlsPipe(certificates.context, is_server=True))
    assert client.is_ready


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"nothing\.pem"):
        CertificateFiles(tmp_path / "nothing.pem", tmp_path / "nothing.key")
    with pytest.raises(Unavailable, match=r"nothing\.pem"):
        verifying_context(tmp_path / "nothing.pem")


def test_garbage_is_a_failure_with_a_reason() -> None:
    with pytest.raises(TlsFailure, match=r"wrong version number|http request"):
        TlsPipe(server_context(), is_server=True).feed_ciphertext(b"EHLO in the clear\r\n")


def test_the_sandbox_certificate_is_made_once(tmp_path: Path) -> None:
    made = make_sandbox_certificate(tmp_path, ["localhost", "::1"])
    before = made.certificate.read_bytes()
    assert make_sandbox_certificate(tmp_path, ["localhost", "::1"]).certificate.read_bytes() == before
    authority = made.authority.read_bytes()
    assert make_sandbox_certificate(tmp_path, ["gw.example"]).certificate.read_bytes() != before
    assert made.authority.read_bytes() == authority
    assert made.key.stat().st_mode & 0o077 == 0

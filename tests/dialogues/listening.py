"""A listener on loopback for tests that need real sockets and real time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from tests.submission_desk import FakeDesk, FakeSpool
from wardmail.edges.sandbox_certificate import SandboxCertificate
from wardmail.edges.smtp_listener import SmtpListener, start_listeners
from wardmail.edges.smtp_settings import Endpoint, ListenerSettings
from wardmail.edges.tls import CertificateFiles
from wardmail.model.route import TlsMode
from wardmail.protocol.smtp_verbs import ServerTerms

SETTINGS = ListenerSettings(
    (Endpoint("127.0.0.1", 0, TlsMode.STARTTLS), Endpoint("127.0.0.1", 0, TlsMode.IMPLICIT)), ServerTerms("gw.example")
)


@asynccontextmanager
async def listening(
    certificate: SandboxCertificate,
    desk: FakeDesk,
    spool: FakeSpool | None = None,
    settings: ListenerSettings = SETTINGS,
) -> AsyncIterator[SmtpListener]:
    """Two ports: STARTTLS first, implicit TLS second, unless `settings` has its own endpoints."""
    files = CertificateFiles(certificate.certificate, certificate.key)
    listener = await start_listeners(settings, desk, spool or FakeSpool(), files)
    try:
        yield listener
    finally:
        await listener.drain(1.0)


def settings_with(**changes: object) -> ListenerSettings:
    return replace(SETTINGS, **changes)  # type: ignore[arg-type]

"""A listener on loopback with a certificate that its clients trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from wardmail.edges.sandbox_certificate import SandboxCertificate, make_sandbox_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> SandboxCertificate:
    return make_sandbox_certificate(Path(tmp_path_factory.mktemp("certificate")), ["localhost", "127.0.0.1"])

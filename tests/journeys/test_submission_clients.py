"""Programs that people really use hand a message to the listener, on both ports and with every mechanism they know."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.dialogues.listening import listening
from tests.submission_desk import SECRET, USERNAME, FakeDesk, octets_of
from wardmail.edges.sandbox_certificate import SandboxCertificate, make_sandbox_certificate

pytestmark = pytest.mark.journey

_MESSAGE = "Subject: journey\r\n\r\n.leading dot\r\nlast line\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> SandboxCertificate:
    return make_sandbox_certificate(Path(tmp_path_factory.mktemp("certificate")), ["localhost"])


async def _run(*command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode(errors="replace")


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize(("port", "tls"), [(0, "-tls"), (1, "-tlsc")])
async def test_swaks(mechanism: str, port: int, tls: str, certificate: SandboxCertificate) -> None:
    desk = FakeDesk()
    async with listening(certificate, desk) as listener:
        code, output = await _run(
            *("swaks", "--server", f"localhost:{listener.ports[port]}", tls, "--tls-verify"),
            *("--tls-ca-path", str(certificate.authority), "--auth", mechanism, "-au", USERNAME, "-ap", SECRET),
            *("-f", "app@trust.example", "-t", "one@other.example", "--data", _MESSAGE.replace("\r\n", "\\n")),
        )
    assert code == 0, output
    assert octets_of(desk.submissions[0]).rstrip() == _MESSAGE.encode().rstrip()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256"])
@pytest.mark.parametrize(("port", "scheme"), [(0, "smtp"), (1, "smtps")])
async def test_curl(mechanism: str, port: int, scheme: str, certificate: SandboxCertificate, tmp_path: Path) -> None:
    _, features = await _run("curl", "--version")
    if mechanism.startswith("SCRAM") and "gsasl" not in features.lower():
        pytest.skip("this curl was built without SCRAM")
    (tmp_path / "message").write_bytes(_MESSAGE.encode())
    desk = FakeDesk()
    async with listening(certificate, desk) as listener:
        code, output = await _run(
            *("curl", "-sS", "--url", f"{scheme}://localhost:{listener.ports[port]}", "--ssl-reqd"),
            *("--cacert", str(certificate.authority), "--login-options", f"AUTH={mechanism}"),
            *("--user", f"{USERNAME}:{SECRET}", "--mail-from", "app@trust.example"),
            *("--mail-rcpt", "one@other.example", "--upload-file", str(tmp_path / "message")),
        )
    assert code == 0, output
    assert octets_of(desk.submissions[0]) == _MESSAGE.encode()

"""Starts the demo application beside the sandbox, as a process that knows the gateway by its protocols alone."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from wardmail.app.sandbox import Sandbox
from wardmail.app.sandbox_records import DEMO

PROGRAM = Path(__file__).resolve().parents[1] / "demo" / "discharge_letters.py"
_PATIENCE = 5.0


@contextlib.contextmanager
def demo_application(sandbox: Sandbox) -> Iterator[None]:
    ports, certificate = sandbox.ports, sandbox.certificate
    environment = {
        "WARDMAIL_SMTP": f"localhost:{ports.submission}",
        "WARDMAIL_API": f"https://localhost:{ports.https}",
        "WARDMAIL_CA": str(certificate.authority),
        "WARDMAIL_USER": DEMO,
        "WARDMAIL_PASSWORD": DEMO,
        "WARDMAIL_WEBHOOK_SECRET": sandbox.webhook_secret,
        "DEMO_PORT": str(ports.demo),
        "DEMO_CERTIFICATE": str(certificate.certificate),
        "DEMO_KEY": str(certificate.key),
    }
    path = {"PATH": os.environ.get("PATH", os.defpath)}
    # It ends when its input does: so it does not outlive a sandbox that was killed.
    program = subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-I", str(PROGRAM), "--until-input-ends"],
        env=path | environment,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        program.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(_PATIENCE)
        program.kill()

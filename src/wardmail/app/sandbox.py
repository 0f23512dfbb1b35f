"""Makes the sandbox that `wardmail run` starts: everything real, except that nothing leaves the machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from wardmail.app.acting import whoami
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.sandbox_people import DemoLogin, let_people_in
from wardmail.app.sandbox_records import demo_webhook_secret, register_demo
from wardmail.app.set_up import set_up
from wardmail.app.settings import Settings, load
from wardmail.edges.sandbox_certificate import SandboxCertificate, make_sandbox_certificate

_OPENING = "# Written anew by each `wardmail run`."


@dataclass(frozen=True, slots=True)
class SandboxPorts:
    """All on loopback: SMTP with STARTTLS and with TLS, for other mail servers, pages and API, the demo application."""

    submission: int
    submissions: int
    receiving: int
    https: int
    demo: int


@dataclass(frozen=True, slots=True)
class Sandbox:
    """`is_new`: nothing was ever sent in it. `webhook_secret` is what the demo application proves events by."""

    directory: Path
    ports: SandboxPorts
    settings: Settings
    certificate: SandboxCertificate
    logins: tuple[DemoLogin, ...]
    webhook_secret: str
    is_new: bool


def sandbox_directory(directory: Path) -> Path:
    """The directory, made when it is missing. Raises CommandFailed when it is a real installation's."""
    directory = directory.absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise CommandFailed(
            "WM-SANDBOX", f"{directory} cannot be made: {error.strerror}.", "Say --directory."
        ) from error
    file = directory / "wardmail.toml"
    if file.exists() and not file.read_text().startswith(_OPENING):
        raise CommandFailed(
            "WM-SANDBOX", f"{file} belongs to a real installation, or was changed by hand.", "Say another --directory."
        )
    return directory


def make_sandbox(directory: Path, ports: SandboxPorts, nameserver: str) -> Sandbox:
    """Create what is missing; an existing sandbox keeps its messages. `nameserver` proves who sends to it."""
    file = directory / "wardmail.toml"
    file.write_text(_settings(directory, ports, nameserver))
    settings = load(file)
    set_up(settings, whoami())
    certificate = make_sandbox_certificate(directory / "tls", ["localhost", "127.0.0.1", "::1"])
    installation = Installation(settings)
    register_demo(installation, ports.demo, certificate.authority)
    return Sandbox(
        directory=directory,
        ports=ports,
        settings=settings,
        certificate=certificate,
        logins=let_people_in(installation),
        webhook_secret=demo_webhook_secret(installation),
        is_new=not installation.messages.counts(),
    )


def _settings(directory: Path, ports: SandboxPorts, nameserver: str) -> str:
    return (
        f"{_OPENING}\n"
        f'[gateway]\nhostname = "localhost.localdomain"\ndata = {json.dumps(str(directory))}\nworkers = 1\n'
        f'[listen]\nsubmission = ["127.0.0.1:{ports.submission}"]\nsubmissions = ["127.0.0.1:{ports.submissions}"]\n'
        f'https = ["127.0.0.1:{ports.https}"]\n'
        f"[tls]\ncertificate = {json.dumps(f'{directory}/tls/server.pem')}\n"
        f"key = {json.dumps(f'{directory}/tls/server.key')}\n"
        '[pages]\norganisation = "Demo trust"\nenvironment = "sandbox"\n'
        f'address = "https://localhost:{ports.https}"\n'
        "[delivery]\nretry_minutes = [0.1, 0.2, 0.5]\nnotice_after_minutes = 1.0\nexpire_after_hours = 0.1\n"
        "[domains]\ntry_mail_servers = false\nwatch = false\n"
        f'[receive]\nlisten = ["127.0.0.1:{ports.receiving}"]\nnameservers = [{json.dumps(nameserver)}]\n'
    )

"""Makes the sandbox that `wardmail run` starts: everything real, except that nothing leaves the machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wardmail.app.acting import whoami
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.sandbox_people import DemoLogin, let_people_in
from wardmail.app.set_up import set_up
from wardmail.app.settings import SANDBOX_FILE, Settings, load
from wardmail.edges.keys import add_dkim_key
from wardmail.edges.sandbox_certificate import SandboxCertificate, make_sandbox_certificate
from wardmail.manage.integrations import make_credential
from wardmail.manage.routes import preset
from wardmail.model.integration import Integration, IntegrationState, Limits
from wardmail.model.route import RouteKind
from wardmail.web import key_of

DEMO = "demo"
_DOMAIN = "demo.example"
_KEY = key_of(DEMO, DEMO, is_test=False)
SENDER = f"app@{_DOMAIN}"
_EXAMPLE = json.dumps({"from": SENDER, "to": ["clinic@example.nhs.uk"], "subject": "Hello", "text": "By the API"})
_OPENING = "# Written anew by each `wardmail run`."


@dataclass(frozen=True, slots=True)
class Sandbox:
    directory: Path
    settings: Settings
    certificate: SandboxCertificate
    logins: tuple[DemoLogin, ...]


def make_sandbox(directory: Path, port: int, tls_port: int, https_port: int) -> Sandbox:
    """Create what is missing; an existing sandbox keeps its messages."""
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
    file.write_text(_settings(directory, port, tls_port, https_port))
    settings = load(file)
    set_up(settings, whoami())
    certificate = make_sandbox_certificate(directory / "tls", ["localhost", "127.0.0.1", "::1"])
    installation = Installation(settings)
    _register_demo(installation)
    return Sandbox(directory, settings, certificate, let_people_in(installation))


def welcome(sandbox: Sandbox, port: int, tls_port: int, https_port: int) -> Iterator[str]:
    """What is running, and lines that work when they are pasted."""
    ca, wardmail = _short(sandbox.certificate.authority), _short(Path(sys.argv[0]))
    settings = sandbox.directory / "wardmail.toml"
    if settings != SANDBOX_FILE.absolute():
        wardmail += f" --config {_short(settings)}"
    mail = sandbox.directory / "sandbox" / "new"
    yield ""
    yield "  Wardmail sandbox. Nothing leaves this machine; mail ends in " + _short(mail)
    yield ""
    yield f"  SMTP     localhost:{port} (STARTTLS) and localhost:{tls_port} (TLS), user {DEMO}, password {DEMO}"
    yield f"  Pages    https://localhost:{https_port}/check  (is it safe to e-mail this address?)"
    yield f"  Console  https://localhost:{https_port}/  Each code lets in once, in place of an authenticator app:"
    for login in sandbox.logins:
        yield f"             name {login.name}, password {login.password}, codes {' '.join(login.codes[:3])}"
    yield f"  API      https://localhost:{https_port}/v1, key {_KEY}"
    yield f"  CA       {ca}"
    yield f"  Sender   {SENDER}, or anything at {_DOMAIN}"
    yield ""
    yield "  Try, in another terminal:"
    yield f"    {wardmail} send --to clinic@example.nhs.uk --subject Hello --text 'First message' --wait"
    yield f"    {wardmail} trace clinic@example.nhs.uk"
    yield f"    {wardmail} check gp@nhs.net someone@example.com"
    yield f"    {wardmail} send --to held@sandbox.invalid --subject Hello --text 'A held message' && {wardmail} hold list"
    yield (
        f"    swaks --server localhost:{port} --tls --tls-verify --tls-ca-path {ca} --auth PLAIN "
        f"--auth-user {DEMO} --auth-password {DEMO} --from {SENDER} --to clinic@example.nhs.uk"
    )
    yield (
        f"    printf 'From: {SENDER}\\r\\nSubject: Hello\\r\\n\\r\\nHello\\r\\n' | curl --ssl-reqd --cacert {ca} "
        f"--url smtp://localhost:{port} --user {DEMO}:{DEMO} --mail-from {SENDER} --mail-rcpt bounce@sandbox.invalid -T -"
    )
    yield (
        f"    curl --cacert {ca} -H 'Authorization: Bearer {_KEY}' -H 'Content-Type: application/json' "
        f"https://localhost:{https_port}/v1/messages -d '{_EXAMPLE}'"
    )
    yield "  Simulators: bounce@, delay@, tlsfail@ and held@sandbox.invalid"
    yield ""


def _settings(directory: Path, port: int, tls_port: int, https_port: int) -> str:
    return (
        f"{_OPENING}\n"
        f'[gateway]\nhostname = "localhost.localdomain"\ndata = {json.dumps(str(directory))}\nworkers = 1\n'
        f'[listen]\nsubmission = ["127.0.0.1:{port}"]\nsubmissions = ["127.0.0.1:{tls_port}"]\n'
        f'https = ["127.0.0.1:{https_port}"]\n'
        f"[tls]\ncertificate = {json.dumps(f'{directory}/tls/server.pem')}\n"
        f"key = {json.dumps(f'{directory}/tls/server.key')}\n"
        '[pages]\norganisation = "Demo trust"\nenvironment = "sandbox"\n'
        f'address = "https://localhost:{https_port}"\n'
        "[delivery]\nretry_minutes = [0.1, 0.2, 0.5]\nnotice_after_minutes = 1.0\n"
    )


def _register_demo(installation: Installation) -> None:
    """A fixed password is fit for this alone: loopback, and a route that keeps everything here."""
    snapshot = installation.register.snapshot()
    if "sandbox" not in snapshot.routes:
        installation.register.save_route(preset(RouteKind.SANDBOX, "sandbox"), "sandbox")
    if DEMO not in snapshot.integrations:
        limits = Limits(messages_per_minute=600, messages_per_day=None, recipients_per_day=None)
        demo = Integration(
            DEMO, "Demo application", "sandbox", (SENDER, f"@{_DOMAIN}"), IntegrationState.TRIAL, limits=limits
        )
        installation.register.save_integration(demo, "sandbox")
        made = make_credential(
            DEMO,
            DEMO,
            installation.pepper,
            installation.clock.now(),
            lifetime_days=None,
            networks=("127.0.0.0/8", "::1/128"),
            secret=DEMO,
        )
        installation.register.save_credential(made.credential, "sandbox")
    if not installation.signer.keys_for(_DOMAIN):
        for selector, algorithm in (("demo-r", "rsa-sha256"), ("demo-e", "ed25519-sha256")):
            add_dkim_key(installation.keystore, _DOMAIN, selector, algorithm)


def _short(path: Path) -> str:
    """As it would be typed here."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)

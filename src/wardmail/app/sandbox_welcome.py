"""What `wardmail run` prints: what is running, and lines that work when they are pasted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from wardmail.app.sandbox import Sandbox
from wardmail.app.sandbox_records import DEMO, LETTERS, SENDER, SENDER_DOMAIN
from wardmail.app.settings import SANDBOX_FILE
from wardmail.edges.sandbox_acts import SIMULATOR_DOMAIN, SIMULATORS
from wardmail.web import key_of

_KEY = key_of(DEMO, DEMO, is_test=False)
_EXAMPLE = json.dumps({"from": SENDER, "to": ["clinic@example.nhs.uk"], "subject": "Hello", "text": "By the API"})


def welcome(sandbox: Sandbox) -> Iterator[str]:
    yield ""
    yield f"  Wardmail sandbox. Nothing leaves this machine; mail ends in {_short(sandbox.directory / 'sandbox' / 'new')}"
    yield ""
    yield from _places(sandbox)
    yield ""
    yield "  Try, in another terminal:"
    yield from (f"    {line}" for line in _lines_to_paste(sandbox))
    simulators = ", ".join(f"{name}@" for name in (*SIMULATORS, "held"))
    yield f"  Simulators: {simulators} at {SIMULATOR_DOMAIN}. Or make receivers misbehave: the page /sandbox"
    yield ""


def _places(sandbox: Sandbox) -> Iterator[str]:
    ports, ca = sandbox.ports, _short(sandbox.certificate.authority)
    yield (
        f"  SMTP     localhost:{ports.submission} (STARTTLS) and localhost:{ports.submissions} (TLS), "
        f"user {DEMO}, password {DEMO}"
    )
    yield f"  Pages    https://localhost:{ports.https}/check  (is it safe to e-mail this address?)"
    yield f"  Console  https://localhost:{ports.https}/  Each code lets in once, in place of an authenticator app:"
    for login in sandbox.logins:
        yield f"             name {login.name}, password {login.password}, codes {' '.join(login.codes[:3])}"
    yield f"  API      https://localhost:{ports.https}/v1, key {_KEY}"
    yield f"  Demo     https://localhost:{ports.demo}/  an application in one file: SMTP, API, webhook, incoming mail"
    yield f"  Incoming localhost:{ports.receiving} (SMTP, STARTTLS) for {LETTERS}"
    yield f"  CA       {ca}"
    yield f"  Sender   {SENDER}, or anything at {SENDER_DOMAIN}"


def _lines_to_paste(sandbox: Sandbox) -> Iterator[str]:
    ports, ca, wardmail = sandbox.ports, _short(sandbox.certificate.authority), _command(sandbox)
    yield f"{wardmail} send --to clinic@example.nhs.uk --subject Hello --text 'First message' --wait"
    yield f"{wardmail} trace clinic@example.nhs.uk"
    yield f"{wardmail} check gp@nhs.net someone@example.com"
    yield f"{wardmail} send --to held@sandbox.invalid --subject Hello --text 'A held message' && {wardmail} hold list"
    yield f"{wardmail} sandbox play certificate-expired && {wardmail} sandbox play well"
    yield (
        f"swaks --server localhost:{ports.submission} --tls --tls-verify --tls-ca-path {ca} --auth PLAIN "
        f"--auth-user {DEMO} --auth-password {DEMO} --from {SENDER} --to clinic@example.nhs.uk"
    )
    yield (
        f"printf 'From: {SENDER}\\r\\nSubject: Hello\\r\\n\\r\\nHello\\r\\n' | curl --ssl-reqd --cacert {ca} "
        f"--url smtp://localhost:{ports.submission} --user {DEMO}:{DEMO} --mail-from {SENDER} "
        f"--mail-rcpt bounce@{SIMULATOR_DOMAIN} -T -"
    )
    yield (
        f"curl --cacert {ca} -H 'Authorization: Bearer {_KEY}' -H 'Content-Type: application/json' "
        f"https://localhost:{ports.https}/v1/messages -d '{_EXAMPLE}'"
    )
    yield (
        f"swaks --server localhost:{ports.receiving} --tls --tls-verify --tls-ca-path {ca} --helo ward.example "
        f"--from nurse@ward.example --to {LETTERS} && {wardmail} inbound list"
    )


def _command(sandbox: Sandbox) -> str:
    settings = sandbox.directory / "wardmail.toml"
    wardmail = _short(Path(sys.argv[0]))
    return wardmail if settings == SANDBOX_FILE.absolute() else f"{wardmail} --config {_short(settings)}"


def _short(path: Path) -> str:
    """As it would be typed here."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)

"""A private Dovecot that checks log-ins for a Postfix: passwords, and tokens by asking an introspection endpoint."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from tests.journeys.peers.ground import free_port, is_listening, need, open_directory, stop, wait_until

_MAIN = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
auth_debug = yes
auth_failure_delay = 0
ssl = no
protocols =
listen = 127.0.0.1
default_internal_user = dovecot
default_login_user = dovenull
auth_mechanisms = plain login xoauth2
disable_plaintext_auth = no
first_valid_uid = 0
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {directory}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""

_OAUTH2 = """\
introspection_mode = post
introspection_url = http://127.0.0.1:{port}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""


@dataclass
class Dovecot:
    """Takes `password` from any user, and any token in `tokens` from the user that it maps to."""

    directory: Path
    port: int
    password: str
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def postfix_settings(self) -> dict[str, str]:
        return {
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"inet:127.0.0.1:{self.port}",
            "smtpd_tls_auth_only": "yes",
            "smtpd_client_restrictions": "permit_sasl_authenticated,reject",
            "smtpd_delay_reject": "yes",
        }

    def log(self) -> str:
        path = self.directory / "log"
        return path.read_text() if path.exists() else ""


@contextmanager
def running_dovecot(password: str = "correct-horse-battery") -> Iterator[Dovecot]:
    need("dovecot")
    with open_directory("dovecot") as directory, _introspection({}) as (endpoint_port, tokens):
        dovecot = Dovecot(directory, free_port(), password, tokens)
        configuration = directory / "dovecot.conf"
        configuration.write_text(_MAIN.format(directory=directory, port=dovecot.port, password=password))
        (directory / "oauth2.conf").write_text(_OAUTH2.format(port=endpoint_port))
        process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(configuration)])
        try:
            wait_until(lambda: is_listening(dovecot.port), f"Dovecot; {dovecot.log()}")
            yield dovecot
        finally:
            stop(process)


@contextmanager
def _introspection(tokens: dict[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """RFC 7662 in miniature."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
            username = tokens.get(form.get("token", [""])[0])
            answer = '{"active":false}' if username is None else f'{{"active":true,"username":"{username}"}}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], tokens
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

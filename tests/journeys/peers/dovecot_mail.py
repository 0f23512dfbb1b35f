"""A private Dovecot that keeps mailboxes: IMAP, POP3 and LMTP over TLS, log-in by password and by token."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.peers.dovecot import _introspection
from tests.journeys.peers.ground import Authority, free_port, is_listening, need, open_directory, stop, wait_until

_MAIN = """\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
auth_failure_delay = 0
protocols = imap pop3 lmtp
listen = 127.0.0.1
default_internal_user = dovecot
default_login_user = dovenull
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
auth_mechanisms = plain login xoauth2
first_valid_uid = 0
mail_location = maildir:{directory}/mail/%u
mail_privileged_group = mail
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imap}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = {pop3}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
  unix_listener {directory}/lmtp {{
    mode = 0666
  }}
}}
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
  args = uid={uid} gid={uid} home={directory}/mail/%u allow_all_users=yes
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
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
class MailDovecot:
    """`tokens` maps a token to the user whom it stands for."""

    directory: Path
    imap: int
    pop3: int
    lmtp: int
    password: str
    tokens: dict[str, str]

    def deliver(self, user: str, name: str, message: bytes) -> None:
        """Into the user's INBOX, as a delivery agent would."""
        home = self.directory / "mail" / user
        for folder in ("tmp", "new", "cur"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        subprocess.run(["chown", "-R", "nobody:nogroup", str(home)], check=True)
        waiting = home / "tmp" / name
        waiting.write_bytes(message)
        subprocess.run(["chown", "nobody:nogroup", str(waiting)], check=True)
        waiting.rename(home / "new" / name)

    def kept(self, user: str, folder: str = "") -> list[bytes]:
        home = self.directory / "mail" / user / (f".{folder}" if folder else "")
        return [path.read_bytes() for part in ("new", "cur") for path in sorted((home / part).glob("*"))]

    def log(self) -> str:
        path = self.directory / "log"
        return path.read_text() if path.exists() else ""


@contextmanager
def running_mailboxes(authority: Authority, password: str = "correct-horse") -> Iterator[MailDovecot]:
    need("dovecot")
    certificate = authority.issue("localhost", "127.0.0.1")
    with open_directory("dovecot-mail") as directory, _introspection({}) as (endpoint, tokens):
        made = MailDovecot(directory, free_port(), free_port(), free_port(), password, tokens)
        mail = directory / "mail"
        mail.mkdir()
        subprocess.run(["chown", "nobody:nogroup", str(mail)], check=True)
        (directory / "oauth2.conf").write_text(_OAUTH2.format(port=endpoint))
        configuration = directory / "dovecot.conf"
        configuration.write_text(
            _MAIN.format(
                directory=directory,
                certificate=certificate.certificate,
                key=certificate.key,
                imap=made.imap,
                pop3=made.pop3,
                lmtp=made.lmtp,
                password=password,
                uid=65534,
            )
        )
        process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(configuration)])
        try:
            wait_until(lambda: all(map(is_listening, (made.imap, made.pop3, made.lmtp))), f"Dovecot; {made.log()}")
            yield made
        finally:
            stop(process)

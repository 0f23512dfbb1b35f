"""A private Postfix that takes mail for one domain into maildirs."""

from __future__ import annotations

import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.peers.ground import (
    CertificateFilesOnDisk,
    free_port,
    is_listening,
    need,
    open_directory,
    wait_until,
)

DOMAIN = "sink.example"

_MASTER = """\
{address}:{port}          inet n - n - - smtpd
{address}:{implicit_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
anvil      unix  - - n - 1 anvil
proxymap   unix  - - n - - proxymap
virtual    unix  - n n - - virtual
smtp       unix  - - n - - smtp
error      unix  - - n - - error
discard    unix  - - n - - discard
postlog    unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class Postfix:
    directory: Path
    address: str
    port: int
    implicit_port: int

    def messages(self, mailbox: str) -> list[bytes]:
        """What the mailbox has received, as stored, the oldest first: names within one second sort by inode, not by age."""
        found = (self.directory / "mail" / mailbox / "new").glob("*")
        return [path.read_bytes() for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def wait_for_messages(self, mailbox: str, count: int, seconds: float = 30) -> list[bytes]:
        what = f"{count} messages for {mailbox}; {self.log()[-2000:]}"
        wait_until(lambda: len(self.messages(mailbox)) >= count, what, seconds)
        return self.messages(mailbox)

    def wait_for_message(self, mailbox: str, *marks: bytes, seconds: float = 30) -> bytes:
        """The first that holds every one of `marks`, whatever else arrives meanwhile."""
        found: list[bytes] = []

        def has_come() -> bool:
            found[:] = [each for each in self.messages(mailbox) if all(mark in each for mark in marks)]
            return bool(found)

        wait_until(has_come, f"{marks!r} for {mailbox}; {self.log()[-2000:]}", seconds)
        return found[0]

    def log(self) -> str:
        path = self.directory / "log"
        return path.read_text() if path.exists() else ""


@contextmanager
def running_postfix(
    certificate: CertificateFilesOnDisk,
    *,
    mailboxes: tuple[str, ...] = ("anna", "bob"),
    address: str = "127.0.0.1",
    port: int = 0,
    domain: str = DOMAIN,
    settings: dict[str, str] | None = None,
) -> Iterator[Postfix]:
    """`settings` are lines of main.cf on top of ours; port 0 is any free one."""
    need("postfix")
    with open_directory("postfix") as directory:
        postfix = Postfix(directory, address, port or free_port(address), free_port(address))
        listed = " ".join(f"{{{mailbox}@{domain} = {mailbox}/}}" for mailbox in mailboxes)
        receives = {"virtual_mailbox_domains": f"inline:{{{domain}=x}}", "virtual_mailbox_maps": f"inline:{{{listed}}}"}
        _write_configuration(postfix, certificate, receives | (settings or {}))
        subprocess.run(["/usr/sbin/postfix", "-c", str(directory), "start"], check=True, capture_output=True)
        try:
            wait_until(lambda: is_listening(postfix.port, address), "Postfix")
            yield postfix
        finally:
            subprocess.run(["/usr/sbin/postfix", "-c", str(directory), "abort"], check=False, capture_output=True)


def _write_configuration(postfix: Postfix, certificate: CertificateFilesOnDisk, settings: dict[str, str]) -> None:
    directory, owner = postfix.directory, pwd.getpwnam("postfix")
    for name in ("queue", "data", "mail"):
        (directory / name).mkdir()
    for name in ("data", "mail"):
        (directory / name).chmod(0o700)
        subprocess.run(["chown", "postfix", str(directory / name)], check=True)
    lines = {
        "compatibility_level": "3.6",
        "queue_directory": str(directory / "queue"),
        "data_directory": str(directory / "data"),
        "maillog_file": str(directory / "log"),
        "maillog_file_prefixes": "/tmp",
        "myhostname": "mx.sink.example",
        "inet_interfaces": "loopback-only",
        "mydestination": "",
        "mynetworks": "",
        "alias_maps": "",
        "virtual_mailbox_base": str(directory / "mail"),
        "virtual_uid_maps": f"static:{owner.pw_uid}",
        "virtual_gid_maps": f"static:{owner.pw_gid}",
        "virtual_minimum_uid": "1",
        "smtpd_relay_restrictions": "permit_sasl_authenticated,reject_unauth_destination",
        "smtpd_tls_cert_file": str(certificate.certificate),
        "smtpd_tls_key_file": str(certificate.key),
        "smtpd_tls_security_level": "may",
        "smtpd_tls_loglevel": "1",
        "smtpd_peername_lookup": "no",
        **settings,
    }
    (directory / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in lines.items()))
    (directory / "master.cf").write_text(
        _MASTER.format(address=postfix.address, port=postfix.port, implicit_port=postfix.implicit_port)
    )

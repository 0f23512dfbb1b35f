"""Postfix with OpenDKIM and Dovecot's log-in service, tuned for throughput, as private instances."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess

from bench.accounting import Processes
from bench.ground import SENDER_DOMAIN, Ground, free_port, greets, wait_until
from bench.systems.system import Running

_SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
tlsproxy  unix  - - n - 0 tlsproxy
"""

# The last five lines are the tuning: no pause for the queue to catch up, more processes, more couriers, and TLS
# connections to the upstream that are used again. Nothing else of Postfix's defaults was found to matter.
_MAIN = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
myhostname = gateway.perf.test
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [localhost]:{sink_port}
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_reject_unlisted_recipient = no
smtpd_tls_chain_files = {chain}
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{dovecot_port}
smtpd_milters = inet:127.0.0.1:{milter_port}
milter_default_action = tempfail
milter_macro_daemon_name = ORIGINATING
smtp_tls_security_level = verify
smtp_tls_verify_cert_match = hostname, nexthop
smtp_tls_CAfile = {authority}
smtp_tls_session_cache_database = btree:{directory}/data/smtp_scache
in_flow_delay = 0
default_process_limit = 100
smtp_destination_concurrency_limit = 50
initial_destination_concurrency = 20
smtp_tls_connection_reuse = yes
"""

_OPENDKIM = """\
Syslog no
Mode s
Domain {domain}
Selector s1
KeyFile {key}
Canonicalization relaxed/relaxed
SignatureAlgorithm rsa-sha256
OversignHeaders From
InternalHosts 0.0.0.0/0
UserID opendkim:opendkim
Socket inet:{port}@127.0.0.1
Background no
RequireSafeKeys no
"""

_DOVECOT = """\
protocols =
base_dir = {directory}/dovecot
state_dir = {directory}/dovecot-state
log_path = {directory}/dovecot.log
ssl = no
listen = 127.0.0.1
auth_mechanisms = plain
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = scheme=SSHA256 {directory}/users
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  client_limit = 4000
  inet_listener {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


class Postfix:
    name = "postfix"
    title = "Postfix + OpenDKIM, tuned"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._directory = ground.directory / self.name
        self.log = self._directory / "log"
        self._port, self._milter_port, self._dovecot_port = free_port(), free_port(), free_port()

    def missing(self) -> str:
        absent = [name for name in ("postfix", "opendkim", "dovecot") if shutil.which(name, path=_SEARCH) is None]
        if absent:
            return f"not installed: {', '.join(absent)}"
        return "" if os.geteuid() == 0 else "Postfix starts only as root"

    def install(self) -> None:
        directory = self._directory
        directory.mkdir(mode=0o755)
        ground = self._ground
        chain = directory / "chain.pem"
        chain.write_bytes(ground.key.read_bytes() + ground.certificate.read_bytes())
        (directory / "master.cf").write_text(_MASTER.format(port=self._port))
        (directory / "opendkim.conf").write_text(
            _OPENDKIM.format(domain=SENDER_DOMAIN, key=ground.dkim_key, port=self._milter_port)
        )
        (directory / "dovecot.conf").write_text(_DOVECOT.format(directory=directory, port=self._dovecot_port))
        hashed = subprocess.run(
            ["/usr/bin/doveadm", "pw", "-s", "SSHA256", "-p", "secretsecret"],
            capture_output=True,
            text=True,
            check=True,
        )
        (directory / "users").write_text(f"app:{hashed.stdout.strip()}\n")

    def start(self, processes: Processes, sink_port: int) -> Running:
        directory, ground = self._directory, self._ground
        main = _MAIN.format(
            directory=directory,
            sink_port=sink_port,
            chain=directory / "chain.pem",
            authority=ground.authority,
            dovecot_port=self._dovecot_port,
            milter_port=self._milter_port,
        )
        (directory / "main.cf").write_text(main)
        self._empty_queue()
        with self.log.open("wb") as log:
            processes.start(["/usr/sbin/dovecot", "-F", "-c", directory / "dovecot.conf"], log=log)
            processes.start(["/usr/sbin/opendkim", "-f", "-x", directory / "opendkim.conf"], log=log)
            starter = processes.start(["/usr/sbin/postfix", "-c", directory, "start"], log=log)
            starter.wait(30)
        if starter.returncode:
            raise RuntimeError(f"Postfix did not start: {self.log.read_text()[-800:]}")
        wait_until(lambda: greets(self._port), "Postfix")
        processes.adopt(int((directory / "queue" / "pid" / "master.pid").read_text()))
        return Running(self.name, self._port, "app:secretsecret", processes)

    def stop(self) -> None:
        subprocess.run(["/usr/sbin/postfix", "-c", str(self._directory), "abort"], capture_output=True)

    def _empty_queue(self) -> None:
        owner = pwd.getpwnam("postfix")
        for name in ("queue", "data"):
            shutil.rmtree(self._directory / name, ignore_errors=True)
            (self._directory / name).mkdir(mode=0o755)
        shutil.chown(self._directory / "data", owner.pw_uid, owner.pw_gid)
        (self._directory / "data").chmod(0o700)


def version() -> str:
    done = subprocess.run(["/usr/sbin/postconf", "-d", "-h", "mail_version"], capture_output=True, text=True)
    return done.stdout.strip()

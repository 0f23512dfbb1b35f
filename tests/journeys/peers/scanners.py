"""Private scanners: clamd with one signature of our own, Rspamd and spamd without any network."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.peers.ground import free_port, is_listening, need, open_directory, stop, wait_until

MALWARE = b"WARDMAIL-TEST-MALWARE-4711"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

_CLAMD = """\
Foreground yes
LogFile {directory}/log
DatabaseDirectory {directory}/db
TCPSocket {port}
TCPAddr 127.0.0.1
LocalSocket {directory}/clamd.ctl
StreamMaxLength 1M
MaxThreads 4
"""

_RSPAMD = """\
options {{
  pidfile = "{directory}/rspamd.pid";
  filters = "";
  dns {{ nameserver = ["127.0.0.1:1:1"]; timeout = 0.1s; retransmits = 1; }}
  gtube_patterns = "all";
  enable_test_patterns = true;
}}
logging {{ type = "file"; filename = "{directory}/log"; level = "error"; }}
metric {{ name = "default"; actions {{ reject = 15; add_header = 6; greylist = 4; }} }}
worker {{ type = "normal"; bind_socket = "127.0.0.1:{port}"; count = 1; }}
"""


@dataclass(frozen=True)
class RunningScanner:
    directory: Path
    port: int

    @property
    def socket(self) -> Path:
        return self.directory / "clamd.ctl"


@contextmanager
def running_clamd() -> Iterator[RunningScanner]:
    need("clamd")
    with open_directory("clamd") as directory:
        made = RunningScanner(directory, free_port())
        database = directory / "db"
        database.mkdir()
        (database / "wardmail.ndb").write_text(f"Wardmail.Test.Malware:0:*:{MALWARE.hex()}\n")
        configuration = directory / "clamd.conf"
        configuration.write_text(_CLAMD.format(directory=directory, port=made.port))
        yield from _running(made, ["/usr/sbin/clamd", "--foreground", "-c", str(configuration)])


@contextmanager
def running_rspamd() -> Iterator[RunningScanner]:
    need("rspamd")
    with open_directory("rspamd") as directory:
        made = RunningScanner(directory, free_port())
        subprocess.run(["chown", "_rspamd:_rspamd", str(directory)], check=True)
        configuration = directory / "rspamd.conf"
        configuration.write_text(_RSPAMD.format(directory=directory, port=made.port))
        command = ["/usr/bin/rspamd", "-f", "-c", str(configuration), "-u", "_rspamd", "-g", "_rspamd"]
        yield from _running(made, command)


@contextmanager
def running_spamd() -> Iterator[RunningScanner]:
    need("spamd")
    with open_directory("spamd") as directory:
        made = RunningScanner(directory, free_port())
        command = ["/usr/sbin/spamd", "--local", "--nouser-config", "--max-children", "2", "--min-children", "1"]
        command += ["--listen", f"127.0.0.1:{made.port}", "--syslog", str(directory / "log")]
        yield from _running(made, [*command, "--helper-home-dir", str(directory)])


def _running(made: RunningScanner, command: list[str]) -> Iterator[RunningScanner]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_listening(made.port), f"{command[0]}: {_log(made)}", 60)
        yield made
    finally:
        stop(process)


def _log(made: RunningScanner) -> str:
    path = made.directory / "log"
    return path.read_text(errors="replace")[-1500:] if path.exists() else ""

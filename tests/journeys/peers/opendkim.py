"""A real OpenDKIM that verifies what a Postfix takes in, with public keys from a file in place of DNS."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.peers.ground import free_port, is_listening, need, open_directory, stop, wait_until


@dataclass(frozen=True)
class OpenDkim:
    directory: Path
    port: int

    @property
    def postfix_settings(self) -> dict[str, str]:
        """Its verdict stands in the Authentication-Results field of each stored message."""
        return {"smtpd_milters": f"inet:127.0.0.1:{self.port}", "milter_default_action": "tempfail"}


@contextmanager
def running_opendkim(keys: Mapping[str, str]) -> Iterator[OpenDkim]:
    """`keys` maps `selector._domainkey.domain` to the text of its record."""
    need("opendkim")
    with open_directory("opendkim") as directory:
        opendkim = OpenDkim(directory, free_port())
        records = directory / "keys"
        records.write_text("".join(f"{name} {record}\n" for name, record in keys.items()))
        configuration = directory / "opendkim.conf"
        configuration.write_text(
            f"Mode v\nSyslog no\nSocket inet:{opendkim.port}@127.0.0.1\nTestPublicKeys {records}\nAlwaysAddARHeader yes\n"
        )
        process = subprocess.Popen(["/usr/sbin/opendkim", "-f", "-x", str(configuration)])
        try:
            wait_until(lambda: is_listening(opendkim.port), "OpenDKIM")
            yield opendkim
        finally:
            stop(process)

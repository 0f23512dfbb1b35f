"""A DNS of our own: Knot serves (and signs) zones, Unbound validates them and answers the gateway."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.peers.ground import free_port, is_listening, need, open_directory, stop, wait_until

_KNOT = """\
server:
    rundir: "{directory}"
    listen: 127.0.0.1@{port}
log:
  - target: "{directory}/knot.log"
    any: info
database:
    storage: "{directory}/db"
policy:
  - id: journey
    algorithm: ecdsap256sha256
    single-type-signing: on
    ksk-lifetime: 0
zone:
"""

_UNBOUND = """\
server:
    interface: 127.0.0.1@{port}
    access-control: 127.0.0.0/8 allow
    directory: "{directory}"
    chroot: ""
    username: ""
    pidfile: "{directory}/unbound.pid"
    logfile: "{directory}/unbound.log"
    use-syslog: no
    do-daemonize: no
    do-ip6: no
    do-not-query-localhost: no
    module-config: "validator iterator"
    val-log-level: 2
    cache-max-negative-ttl: 1
"""

_ZONE = """\
$ORIGIN {zone}.
$TTL 60
@ SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60
@ NS ns.{zone}.
ns A 127.0.0.1
"""


@dataclass(frozen=True)
class Dns:
    """`port` is that of the validating resolver, on 127.0.0.1."""

    directory: Path
    port: int

    @property
    def nameservers(self) -> list[tuple[str, int]]:
        return [("127.0.0.1", self.port)]


@contextmanager
def running_dns(
    plain: Mapping[str, Sequence[str]],
    signed: Mapping[str, Sequence[str]],
    broken: Sequence[str] = (),
) -> Iterator[Dns]:
    """Zones as lines of a zone file. Questions below a `broken` zone get SERVFAIL."""
    need("knotd", "unbound", "keymgr")
    with open_directory("dns") as directory:
        authority_port, dead_port = free_port(), free_port()
        configuration = _write_zones(directory, authority_port, plain, signed)
        knot = subprocess.Popen(["/usr/sbin/knotd", "-c", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: is_listening(authority_port), "Knot")
            anchors = [anchor for zone in signed for anchor in _trust_anchors(configuration, zone)]
            stubs = {zone: authority_port for zone in (*plain, *signed)} | dict.fromkeys(broken, dead_port)
            with _running_unbound(directory, stubs, anchors, (*plain, *broken)) as port:
                yield Dns(directory, port)
        finally:
            stop(knot)


def _write_zones(
    directory: Path, port: int, plain: Mapping[str, Sequence[str]], signed: Mapping[str, Sequence[str]]
) -> Path:
    (directory / "db").mkdir()
    text = _KNOT.format(directory=directory, port=port)
    for zone, lines in (*plain.items(), *signed.items()):
        path = directory / f"{zone}.zone"
        path.write_text(_ZONE.format(zone=zone) + "".join(f"{line}\n" for line in lines))
        text += f'  - domain: {zone}\n    file: "{path}"\n    zonefile-sync: -1\n    journal-content: none\n'
        if zone in signed:
            text += "    dnssec-signing: on\n    dnssec-policy: journey\n"
    configuration = directory / "knot.conf"
    configuration.write_text(text)
    return configuration


def _trust_anchors(configuration: Path, zone: str) -> list[str]:
    command = ["/usr/sbin/keymgr", "-c", str(configuration), zone, "ds"]
    wait_until(lambda: bool(subprocess.run(command, capture_output=True).stdout), f"the key of {zone}")
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()


@contextmanager
def _running_unbound(
    directory: Path, stubs: Mapping[str, int], anchors: Sequence[str], insecure: Sequence[str]
) -> Iterator[int]:
    port = free_port()
    text = _UNBOUND.format(directory=directory, port=port)
    text += "".join(f'    trust-anchor: "{anchor}"\n' for anchor in anchors)
    text += "".join(f'    domain-insecure: "{zone}"\n' for zone in insecure)
    for zone, stub_port in stubs.items():
        text += f'stub-zone:\n    name: "{zone}"\n    stub-addr: 127.0.0.1@{stub_port}\n'
    configuration = directory / "unbound.conf"
    configuration.write_text(text)
    unbound = subprocess.Popen(["/usr/sbin/unbound", "-d", "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_listening(port), "Unbound")
        yield port
    finally:
        stop(unbound)

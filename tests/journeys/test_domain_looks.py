"""Another organisation's domain looked at from outside: a real DNS that signs and validates, real TLS, and servers that lie."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.journeys.courier_kit import WallClock
from tests.journeys.peers.dns import Dns, running_dns
from tests.journeys.peers.ground import Authority, CertificateFilesOnDisk, free_port, open_directory
from tests.journeys.peers.stage_server import Act, Play, Stage, on_stage
from wardmail.assurance.domain_desk import DomainDesk, ServersToTry
from wardmail.edges import mail_server_look
from wardmail.edges.dns import DnsResolver
from wardmail.edges.https import HttpsFetcher
from wardmail.edges.mail_server_look import MailServerLook
from wardmail.model.own_domain import DomainReport, ServerLook, Verdict
from wardmail.model.question import HttpsQuestion, Unknown

pytestmark = pytest.mark.journey

MX = "127.0.0.2"
PLAIN = f"""
@          MX 10 mx
@          TXT "v=spf1 mx -all"
_dmarc     TXT "v=DMARC1; p=reject"
selector1._domainkey CNAME key
key        TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
*._domainkey.parked TXT "v=DKIM1; p="
mx         A {MX}
misnamed   MX 10 other.misnamed
other.misnamed A {MX}
gone       MX 10 nowhere
"""
SIGNED = f"""
@        MX 10 mx
mx       A {MX}
_{{port}}._tcp.mx TLSA 3 1 1 {{key}}
bad      MX 10 bad-mx
bad-mx   A {MX}
_{{port}}._tcp.bad-mx TLSA 3 1 1 {"00" * 32}
"""


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with open_directory("looks") as directory:
        yield Authority(directory)


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> CertificateFilesOnDisk:
    return authority.issue("mx.plain.example", "mx.signed.example", "bad-mx.signed.example")


@pytest.fixture(scope="module")
def port() -> int:
    return free_port(MX)


@pytest.fixture(scope="module")
def dns(certificate: CertificateFilesOnDisk, port: int) -> Iterator[Dns]:
    first, *_ = x509.load_pem_x509_certificates(Path(certificate.certificate).read_bytes())
    key = first.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signed = SIGNED.format(port=port, key=hashlib.sha256(key).hexdigest())
    zones = {"plain.example": PLAIN.splitlines()}, {"signed.example": signed.splitlines()}
    with running_dns(*zones, ["broken.example"]) as up:
        yield up


@dataclass
class ReportsInMemory:
    kept: list[DomainReport] = field(default_factory=list)

    def newest(self) -> dict[str, DomainReport]:
        return {each.domain: each for each in self.kept}

    def of(self, domain: str, limit: int) -> list[DomainReport]:
        return [each for each in reversed(self.kept) if each.domain == domain][:limit]

    def keep(self, report: DomainReport) -> None:
        self.kept.append(report)


class Nothing:
    def all(self) -> dict[str, object]:
        return {}


@dataclass
class Bench:
    dns: Dns
    authority: Authority
    port: int

    def server(self, *, allow_private: bool = True) -> MailServerLook:
        ca_file = str(self.authority.ca_file)
        return MailServerLook("gw.example", port=self.port, ca_file=ca_file, allow_private=allow_private)

    async def look(self, domain: str) -> dict[str, tuple[Verdict, str]]:
        desk = DomainDesk(
            Nothing(),  # type: ignore[arg-type]
            ReportsInMemory(),
            Nothing(),  # type: ignore[arg-type]
            lambda: DnsResolver(WallClock(), self.dns.nameservers, timeout=3),
            WallClock(),
            servers=ServersToTry(self.server(), self.port),
        )
        report = await desk.verify(domain, is_ours=False)
        assert report is not None
        return {each.check: (each.verdict, each.found) for each in report.findings}


@pytest.fixture
def bench(dns: Dns, authority: Authority, port: int) -> Bench:
    return Bench(dns, authority, port)


@asynccontextmanager
async def server(play: Play, certificate: CertificateFilesOnDisk, port: int) -> AsyncIterator[Stage]:
    async with on_stage(play, certificate, address=MX, port=port) as running:
        yield running


async def test_a_good_server_is_good_and_is_sent_nothing(
    bench: Bench, certificate: CertificateFilesOnDisk, port: int
) -> None:
    async with server(Play(), certificate, port) as stage:
        found = await bench.look("plain.example")
        assert {line.split()[0].upper() for line in stage.heard} <= {"EHLO", "STARTTLS", "QUIT"}
    verdict, words = found["TLS of mx.plain.example"]
    assert verdict is Verdict.GOOD
    assert "TLS 1.2 and TLS 1.3" in words
    assert found["Old TLS of mx.plain.example"] == (Verdict.GOOD, "It refuses TLS 1.0 and 1.1.")
    assert found["Certificate of mx.plain.example"][0] in {Verdict.GOOD, Verdict.IMPROVE}
    assert found["DANE of mx.plain.example"][0] is Verdict.NOT_USED
    assert found["Reverse name of mx.plain.example"][0] is not Verdict.GOOD
    assert (found["SPF"][0], found["DMARC"][0], found["DKIM"][0]) == (Verdict.GOOD, Verdict.GOOD, Verdict.GOOD)
    assert found["DKIM key selector1"] == (Verdict.GOOD, "Ed25519 of 256 bits.")
    assert (await bench.look("parked.plain.example"))["DKIM"][0] is Verdict.NOT_USED
    assert (await bench.look("gone.plain.example"))["DKIM"][0] is Verdict.UNKNOWN
    assert (await bench.look("a.broken.example"))["DKIM"][0] is Verdict.UNKNOWN


async def test_dane_is_proved_by_the_certificate_that_is_shown(
    bench: Bench, certificate: CertificateFilesOnDisk, port: int
) -> None:
    async with server(Play(), certificate, port):
        good, bad = await bench.look("signed.example"), await bench.look("bad.signed.example")
    assert good["DANE of mx.signed.example"] == (
        Verdict.GOOD,
        "Its certificate is as its TLSA records say (DANE-EE).",
    )
    assert bad["DANE of bad-mx.signed.example"][0] is Verdict.FIX


async def test_a_certificate_for_another_name_proves_nothing(
    bench: Bench, certificate: CertificateFilesOnDisk, port: int
) -> None:
    async with server(Play(), certificate, port):
        found = await bench.look("misnamed.plain.example")
    verdict, words = found["Certificate of other.misnamed.plain.example"]
    assert verdict is Verdict.FIX
    assert "does not prove the name" in words
    assert found["TLS of other.misnamed.plain.example"][0] is Verdict.GOOD


async def test_no_tls_and_no_server_are_told_apart(
    bench: Bench, certificate: CertificateFilesOnDisk, port: int
) -> None:
    async with server(Play(offers_tls=False), certificate, port):
        assert (await bench.look("plain.example"))["TLS of mx.plain.example"][0] is Verdict.FIX
    found = await bench.look("plain.example")
    assert found["TLS of mx.plain.example"][0] is Verdict.UNKNOWN
    assert "says nothing about it" in found["TLS of mx.plain.example"][1]
    assert (await bench.look("gone.plain.example"))["TLS of nowhere.plain.example"][0] is Verdict.FIX


@pytest.mark.parametrize(
    "lines",
    [
        {"GREETING": ["554 go away"]},
        {"GREETING": [b"220-" + b"x" * 5000 + b"\r\n"]},
        {"GREETING": [b"220-more\r\n" * 200]},
        {"GREETING": [b"HTTP/1.1 200 OK\r\n\r\n"]},
        {"GREETING": [Act.CLOSE]},
        {"EHLO": ["502 what?"]},
        {"STARTTLS": ["454 not now"]},
        {"STARTTLS": [Act.CLOSE]},
    ],
)
async def test_a_server_that_lies_is_judged_or_left_alone_and_never_good(
    bench: Bench, certificate: CertificateFilesOnDisk, port: int, lines: dict[str, list[str | bytes]]
) -> None:
    async with server(Play(lines=lines), certificate, port):
        look = await bench.server().look("mx.plain.example", MX)
    assert isinstance(look, ServerLook)
    assert not look.versions


@pytest.mark.parametrize("address", [MX, "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "nonsense"])
async def test_addresses_that_are_not_public_are_not_called(
    bench: Bench, certificate: CertificateFilesOnDisk, port: int, address: str
) -> None:
    async with server(Play(), certificate, port) as stage:
        look = await bench.server(allow_private=False).look("mx.plain.example", address)
        assert stage.connections == 0
    assert (look.is_reached, look.why) == (False, "its address is not public")


async def test_a_policy_inside_is_not_fetched_for_whoever_names_a_domain(bench: Bench) -> None:
    resolver = DnsResolver(WallClock(), bench.dns.nameservers, timeout=3)
    question = HttpsQuestion("https://mx.plain.example/.well-known/mta-sts.txt")
    answer = await HttpsFetcher(resolver, port=bench.port, allow_private=False).answer(question)
    assert answer == Unknown("its address is not public")


@pytest.mark.parametrize(
    ("newest", "suites"),
    [
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_only_old_tls_is_none(
    bench: Bench, certificate: CertificateFilesOnDisk, port: int, newest: ssl.TLSVersion, suites: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, newest
    context.set_ciphers(suites)
    async with server(Play(), certificate, port) as stage:
        stage._context = context
        found = await bench.look("plain.example")
    assert found["TLS of mx.plain.example"] == (
        Verdict.FIX,
        "It speaks no TLS 1.2 or 1.3 with a recommended suite.",
    )


def _speaking(certificate: CertificateFilesOnDisk, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """From TLS 1.0 on, and all suites."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, newest
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def test_old_tls_beside_good_is_seen(bench: Bench, certificate: CertificateFilesOnDisk, port: int) -> None:
    async with server(Play(), certificate, port) as stage:
        stage._context = _speaking(certificate, ssl.TLSVersion.MAXIMUM_SUPPORTED)
        found = await bench.look("plain.example")
        assert {line.split()[0].upper() for line in stage.heard} <= {"EHLO", "STARTTLS", "QUIT"}
    assert found["TLS of mx.plain.example"][0] is Verdict.GOOD
    verdict, words = found["Old TLS of mx.plain.example"]
    assert (verdict, "TLS 1.1" in words) == (Verdict.IMPROVE, True)


async def test_where_our_own_openssl_cannot_ask_nothing_is_said(
    bench: Bench, certificate: CertificateFilesOnDisk, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_server_look, "context_of_old_tls", lambda: None)
    async with server(Play(), certificate, port):
        found = await bench.look("plain.example")
    assert found["TLS of mx.plain.example"][0] is Verdict.GOOD
    assert found["Old TLS of mx.plain.example"][0] is Verdict.UNKNOWN

"""Delivery to the recipients' own servers, with a real DNS that signs and validates."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.journeys.courier_kit import consignment, direct_courier
from tests.journeys.peers.dns import running_dns
from tests.journeys.peers.ground import Authority, free_port, open_directory
from tests.journeys.peers.postfix import running_postfix
from tests.journeys.peers.stage_server import Play, on_stage
from tests.journeys.peers.web import Page, running_web
from wardmail.model.delivery import Deferred, Delivered, Failed
from wardmail.model.route import AuthMechanism, Route, RouteKind, TlsLevel

pytestmark = pytest.mark.journey

MX, BUSY_MX = "127.0.0.2", "127.0.0.3"

PLAIN = f"""
@         MX 10 mx
mx        A {MX}
null      MX 0 .
fallback  MX 10 dead
fallback  MX 20 mx
dead      A 127.0.0.9
turned    MX 10 busy
turned    MX 20 mx
busy      A {BUSY_MX}
nomx      A {MX}
noaddress MX 10 gone
sts       MX 10 mx
stsother  MX 10 mx
ststest   MX 10 mx
stsgone   MX 10 mx
""" + "".join(
    f'_mta-sts.{name} TXT "v=STSv1; id=1;"\nmta-sts.{name} A 127.0.0.1\n'
    for name in ("sts", "stsother", "ststest", "stsgone")
)

SIGNED = f"""
@        MX 10 mx
mx       A {MX}
_{{port}}._tcp.mx TLSA 3 1 1 {{key}}
bad      MX 10 bad-mx
bad-mx   A {MX}
_{{port}}._tcp.bad-mx TLSA 3 1 1 {"00" * 32}
anchor   MX 10 anchor-mx
anchor-mx A {MX}
_{{port}}._tcp.anchor-mx TLSA 2 0 1 {{ca}}
misnamed MX 10 misnamed-mx
misnamed-mx A {MX}
_{{port}}._tcp.misnamed-mx TLSA 2 0 1 {{ca}}
unusable MX 10 unusable-mx
unusable-mx A {MX}
_{{port}}._tcp.unusable-mx TLSA 1 1 1 {{key}}
nodane   MX 10 nodane-mx
nodane-mx A {MX}
"""

POLICIES = {
    "mta-sts.sts.plain.example": "version: STSv1\r\nmode: enforce\r\nmx: *.plain.example\r\nmax_age: 86400\r\n",
    "mta-sts.stsother.plain.example": "version: STSv1\nmode: enforce\nmx: other.example\nmax_age: 86400\n",
    "mta-sts.ststest.plain.example": "version: STSv1\nmode: testing\nmx: other.example\nmax_age: 86400\n",
}


@pytest.fixture(scope="module")
def authority():
    with open_directory("authority") as directory:
        yield Authority(directory)


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("mx.plain.example", "anchor-mx.signed.example")


@pytest.fixture(scope="module")
def port():
    return free_port(MX)


@pytest.fixture(scope="module")
def dns(certificate, port):
    first, *_, ca = x509.load_pem_x509_certificates(Path(certificate.certificate).read_bytes())
    key = first.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signed = SIGNED.format(
        port=port,
        key=hashlib.sha256(key).hexdigest(),
        ca=hashlib.sha256(ca.public_bytes(Encoding.DER)).hexdigest(),
    )
    with running_dns(
        {"plain.example": PLAIN.splitlines()}, {"signed.example": signed.splitlines()}, ["broken.example"]
    ) as up:
        yield up


@pytest.fixture(scope="module")
def web(authority):
    names = [f"mta-sts.{name}.plain.example" for name in ("sts", "stsother", "ststest", "stsgone")]

    def answer(host: str, path: str, _form: bytes) -> Page:
        if path != "/.well-known/mta-sts.txt" or host not in POLICIES:
            return Page(b"gone", 404)
        return Page(POLICIES[host].encode())

    with running_web(authority.issue(*names), answer) as running:
        yield running


@pytest.fixture
async def courier(dns, port, authority, web):
    made = direct_courier(dns, port, str(authority.ca_file), web.port)
    yield made
    await made.close()


def route_for(authority, level=TlsLevel.VERIFIED) -> Route:
    return Route("direct", RouteKind.DIRECT, tls=level, ca_file=str(authority.ca_file))


async def attempt(courier, authority, *recipients, level=TlsLevel.VERIFIED):
    return await courier.deliver(consignment(*recipients, tls=level), route_for(authority, level))


@pytest.fixture
async def stage(certificate, port):
    async with on_stage(Play(), certificate, address=MX, port=port) as running:
        yield running


async def test_a_key_in_a_signed_zone_proves_the_server(courier, authority, stage):
    (result,) = await attempt(courier, authority, "anna@signed.example")
    assert isinstance(result.outcome, Delivered)
    assert (result.tls.achieved, result.tls.proof) == (TlsLevel.VERIFIED, "DANE-EE")
    assert result.host == "mx.signed.example"


async def test_an_authority_in_a_signed_zone_proves_the_server(courier, authority, stage):
    (result,) = await attempt(courier, authority, "anna@anchor.signed.example")
    assert isinstance(result.outcome, Delivered)
    assert result.tls.proof == "DANE-TA"


@pytest.mark.parametrize("level", list(TlsLevel))
@pytest.mark.parametrize("domain", ["bad.signed.example", "misnamed.signed.example"])
async def test_dane_that_does_not_match_is_refused_at_every_level(courier, authority, stage, domain, level):
    (result,) = await attempt(courier, authority, f"anna@{domain}", level=level)
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.error == "WM-TLS-REFUSED"
    assert "DANE" in result.outcome.why
    assert stage.messages == []


async def test_tlsa_records_of_no_use_still_demand_tls(courier, authority, certificate, port):
    async with on_stage(Play(offers_tls=False), certificate, address=MX, port=port) as stage:
        (result,) = await attempt(courier, authority, "anna@unusable.signed.example", level=TlsLevel.NONE)
        assert result.outcome.error == "WM-ROUTE-NO-TLS"
        assert stage.messages == []
    async with on_stage(Play(), certificate, address=MX, port=port):
        (result,) = await attempt(courier, authority, "anna@unusable.signed.example", level=TlsLevel.NONE)
    assert isinstance(result.outcome, Delivered)
    assert (result.tls.achieved, result.tls.proof) == (TlsLevel.ENCRYPTED, "name not proved")


@pytest.mark.parametrize(
    "domain", ["plain.example", "nodane.signed.example", "stsgone.plain.example", "ststest.plain.example"]
)
async def test_a_name_that_nothing_proves_gets_no_sensitive_mail(courier, authority, stage, domain):
    (result,) = await attempt(courier, authority, f"anna@{domain}")
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.error == "WM-TLS-UNVERIFIED"
    assert stage.connections == 0


async def test_an_enforced_policy_proves_the_server(courier, authority, stage, web):
    for _ in range(2):
        (result,) = await attempt(courier, authority, "anna@sts.plain.example")
        assert isinstance(result.outcome, Delivered)
        assert result.tls.proof == "certificate of mx.plain.example verified (MTA-STS)"
    assert sum(host.startswith("mta-sts.sts.") for host, _, _ in web.requests) == 1


async def test_an_enforced_policy_binds_even_opportunistic_routes(courier, authority, certificate, port, tmp_path):
    async with on_stage(Play(offers_tls=False), None, address=MX, port=port):
        (result,) = await attempt(courier, authority, "anna@sts.plain.example", level=TlsLevel.NONE)
    assert result.outcome.error == "WM-ROUTE-NO-TLS"
    stranger = Authority(tmp_path).issue("mx.plain.example")
    async with on_stage(Play(), stranger, address=MX, port=port):
        (result,) = await attempt(courier, authority, "anna@sts.plain.example", level=TlsLevel.NONE)
    assert result.outcome.error == "WM-TLS-REFUSED"


async def test_a_policy_that_does_not_name_the_server_keeps_mail_from_it(courier, authority, stage):
    (result,) = await attempt(courier, authority, "anna@stsother.plain.example", level=TlsLevel.NONE)
    assert result.outcome.error == "WM-TLS-STS"
    assert stage.connections == 0


async def test_a_policy_in_testing_only_reports(courier, authority, stage):
    (result,) = await attempt(courier, authority, "anna@ststest.plain.example", level=TlsLevel.NONE)
    assert isinstance(result.outcome, Delivered)


async def test_null_mx_and_unknown_domains_fail(courier, authority):
    null, unknown = await attempt(courier, authority, "a@null.plain.example", "a@never.plain.example")
    assert isinstance(null.outcome, Failed)
    assert null.outcome.status == "5.1.10"
    assert isinstance(unknown.outcome, Failed)
    assert unknown.outcome.status == "5.1.2"


async def test_a_dns_that_gives_no_answer_defers(courier, authority):
    (result,) = await attempt(courier, authority, "a@x.broken.example")
    assert isinstance(result.outcome, Deferred)
    assert (result.outcome.error, result.outcome.status) == ("WM-DNS-NO-ANSWER", "4.4.3")


@pytest.mark.parametrize("domain", ["fallback.plain.example", "nomx.plain.example", "plain.example"])
async def test_mail_finds_its_server(courier, authority, stage, domain):
    (result,) = await attempt(courier, authority, f"anna@{domain}", level=TlsLevel.ENCRYPTED)
    assert isinstance(result.outcome, Delivered)
    assert result.tls.achieved is TlsLevel.ENCRYPTED
    assert len(stage.messages) == 1


@pytest.mark.parametrize("greeting", ["421 busy", "554 not you"])
async def test_a_server_that_turns_us_away_is_passed_over(courier, authority, stage, port, greeting):
    async with on_stage(Play({"GREETING": [greeting]}), None, address=BUSY_MX, port=port) as busy:
        (result,) = await attempt(courier, authority, "anna@turned.plain.example", level=TlsLevel.ENCRYPTED)
    assert isinstance(result.outcome, Delivered)
    assert result.host == "mx.plain.example"
    assert busy.connections == 1


async def test_the_preferred_servers_words_are_kept_when_all_fail(courier, authority, port):
    async with on_stage(Play({"GREETING": ["554 5.7.1 go away"]}), None, address=BUSY_MX, port=port):
        (result,) = await attempt(courier, authority, "anna@turned.plain.example", level=TlsLevel.ENCRYPTED)
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.reply.text == "go away"
    assert result.host == "busy.plain.example"


async def test_servers_without_an_address_fail(courier, authority):
    (result,) = await attempt(courier, authority, "anna@noaddress.plain.example", level=TlsLevel.NONE)
    assert isinstance(result.outcome, Failed)


async def test_plaintext_only_for_an_opportunistic_route(courier, authority, port):
    async with on_stage(Play(offers_tls=False), None, address=MX, port=port) as stage:
        (refused,) = await attempt(courier, authority, "anna@plain.example", level=TlsLevel.ENCRYPTED)
        (taken,) = await attempt(courier, authority, "anna@plain.example", level=TlsLevel.NONE)
    assert refused.outcome.error == "WM-ROUTE-NO-TLS"
    assert isinstance(taken.outcome, Delivered)
    assert taken.tls.proof == "no TLS"
    assert len(stage.messages) == 1


async def test_tls_that_does_not_work_is_done_without_where_nothing_asks_for_it(courier, authority, port):
    async with on_stage(
        Play({"STARTTLS": [b"220 go\r\nnot TLS at all\r\n", b"220 go\r\n"]}), None, address=MX, port=port
    ):
        (refused,) = await attempt(courier, authority, "anna@plain.example", level=TlsLevel.ENCRYPTED)
        (taken,) = await attempt(courier, authority, "anna@plain.example", level=TlsLevel.NONE)
    assert isinstance(refused.outcome, Deferred)
    assert not isinstance(taken.outcome, Failed)


async def test_a_domain_that_points_at_this_machine_is_a_loop(dns, port, authority):
    courier = direct_courier(dns, port, str(authority.ca_file), allow_loopback=False)
    (result,) = await attempt(courier, authority, "anna@plain.example", level=TlsLevel.NONE)
    assert result.outcome.error == "WM-DNS-LOOP"


async def test_domains_of_one_message_go_their_own_ways(courier, authority, stage):
    results = await attempt(
        courier, authority, "a@signed.example", "b@null.plain.example", "c@signed.example", level=TlsLevel.ENCRYPTED
    )
    by_id = {result.recipient_id: type(result.outcome) for result in results}
    assert by_id == {1: Delivered, 2: Failed, 3: Delivered}
    assert (len(stage.messages), stage.count("RCPT")) == (1, 2)


async def test_a_real_postfix_proved_by_dane(dns, port, authority, certificate, web):
    with running_postfix(certificate, address=MX, port=port, domain="signed.example") as postfix:
        courier = direct_courier(dns, port, str(authority.ca_file), web.port)
        (result,) = await attempt(courier, authority, "anna@signed.example")
        await courier.close()
        assert isinstance(result.outcome, Delivered)
        assert result.tls.proof == "DANE-EE"
        assert b"Subject: test" in postfix.wait_for_messages("anna", 1)[0]


async def test_credentials_of_a_route_are_not_for_the_servers_that_mx_records_name(
    courier, authority, certificate, port
):
    async with on_stage(Play(features=["AUTH PLAIN"]), certificate, address=MX, port=port) as stage:
        route = replace(route_for(authority), auth=AuthMechanism.PLAIN, username="u", secret_ref="keystore:x")
        (result,) = await courier.deliver(consignment("anna@signed.example"), route)
    assert isinstance(result.outcome, Delivered)
    assert stage.count("AUTH") == 0

"""Looks at the mail servers of a domain, and judges what they showed: TLS, certificate, DANE, reverse name (SHARE-8)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from wardmail.model.delivery import Deferred, Failed
from wardmail.model.own_domain import DomainFinding, ServerLook, Verdict
from wardmail.model.question import drive
from wardmail.model.sender import AuthResult
from wardmail.ports import Resolver
from wardmail.ports.domains import MailServers
from wardmail.posture.dane import DaneFinding, prove
from wardmail.posture.iprev import ReverseName, find_reverse_name
from wardmail.posture.mail_host import MailHost, examine_host
from wardmail.posture.mx import MailHosts, find_mail_hosts

MOST_HOSTS = 3
PATIENCE = 18.0
"""Seconds for one host, less than whoever asks has for all: one that stalls hides nothing of the others."""
_A_MONTH = 30 * 86_400.0
_BEST, _GOOD = "TLSv1.3", "TLSv1.2"


@dataclass(frozen=True, slots=True)
class SeenServer:
    look: ServerLook
    dane: DaneFinding
    reverse: ReverseName


async def look_at_servers(
    domain: str, resolver: Resolver, servers: MailServers, port: int, now: float
) -> list[DomainFinding]:
    """Of the first hosts in the order of preference, each at one address. Nothing is sent."""
    found = await drive(find_mail_hosts(domain, 0), resolver)
    if not isinstance(found, MailHosts):
        return []
    judged = await asyncio.gather(
        *(
            _in_time(name, _judged(name, resolver, servers, (port, now), listed_securely=found.authenticated))
            for name in found.hosts[:MOST_HOSTS]
        )
    )
    return [finding for each in judged for finding in each]


async def _in_time(name: str, judging: Awaitable[Sequence[DomainFinding]]) -> Sequence[DomainFinding]:
    try:
        async with asyncio.timeout(PATIENCE):
            return await judging
    except TimeoutError:
        words = "It could not be looked at: it took too long. That says nothing about it."
        return [DomainFinding(f"TLS of {name}", Verdict.UNKNOWN, words)]


async def _judged(
    name: str, resolver: Resolver, servers: MailServers, when: tuple[int, float], *, listed_securely: bool
) -> Sequence[DomainFinding]:
    port, now = when
    host = await drive(examine_host(name, port, listed_securely=listed_securely), resolver)
    if isinstance(host, Deferred | Failed):
        return [_unfound(name, host)]
    return judge_server(await _seen(host, resolver, servers), now)


async def _seen(host: MailHost, resolver: Resolver, servers: MailServers) -> SeenServer:
    address = host.addresses[0]
    try:
        reverse = await drive(find_reverse_name(address), resolver)
    except ValueError:
        reverse = ReverseName(AuthResult.TEMPERROR)
    return SeenServer(await servers.look(host.name, address), host.dane, reverse)


def _unfound(name: str, host: Deferred | Failed) -> DomainFinding:
    silent = isinstance(host, Deferred)
    return DomainFinding(
        f"TLS of {name}",
        Verdict.UNKNOWN if silent else Verdict.FIX,
        "The DNS does not answer." if silent else "It is named as a mail server, and has no address.",
        "" if silent else "Take it out of the MX records, or give it an address.",
    )


def judge_server(seen: SeenServer, now: float) -> Sequence[DomainFinding]:
    """By the rules of the official checker (NCSC Mail Check): no TLS, or none with a good suite, is an error."""
    look = seen.look
    check = f"TLS of {look.host}"
    if not look.is_reached:
        words = f"It could not be looked at: {look.why}. That says nothing about it."
        return [DomainFinding(check, Verdict.UNKNOWN, words), *_dane(seen, now), _name(seen)]
    if not look.offers_tls:
        words = "It offers no TLS: anybody on the way can read the mail."
        return [DomainFinding(check, Verdict.FIX, words, "Let it offer STARTTLS."), *_dane(seen, now), _name(seen)]
    return [_tls(check, look), *_old_tls(look), *_certificate(look, now), *_dane(seen, now), _name(seen)]


def _tls(check: str, look: ServerLook) -> DomainFinding:
    if not look.versions:
        to_do = "Let it speak TLS 1.2 or 1.3 with ECDHE and AES-GCM."
        return DomainFinding(check, Verdict.FIX, "It speaks no TLS 1.2 or 1.3 with a recommended suite.", to_do)
    spoken = " and ".join(map(_named, look.versions))
    words = f"{spoken}, {look.cipher}."
    if _BEST not in look.versions:
        return DomainFinding(check, Verdict.GOOD, words, "TLS 1.3 would be better.")
    if _GOOD not in look.versions:
        to_do = "Offer TLS 1.2 with a recommended suite too: older senders cannot reach it else."
        return DomainFinding(check, Verdict.IMPROVE, words, to_do)
    return DomainFinding(check, Verdict.GOOD, words)


def _old_tls(look: ServerLook) -> Sequence[DomainFinding]:
    """Beside good TLS: who speaks only old versions hears of that already."""
    if not look.versions:
        return []
    check = f"Old TLS of {look.host}"
    if look.old_version is None:
        words = "It could not be found out whether it speaks TLS 1.0 or 1.1. That says nothing about it."
        return [DomainFinding(check, Verdict.UNKNOWN, words)]
    if look.old_version:
        words = f"It also speaks {_named(look.old_version)}, which is broken in parts."
        to_do = "Turn off TLS 1.0 and 1.1, once no sender needs them any more."
        return [DomainFinding(check, Verdict.IMPROVE, words, to_do)]
    return [DomainFinding(check, Verdict.GOOD, "It refuses TLS 1.0 and 1.1.")]


def _named(version: str) -> str:
    """TLS 1.0 is `TLSv1` in OpenSSL's spelling."""
    return "TLS 1.0" if version == "TLSv1" else version.replace("TLSv", "TLS ")


def _certificate(look: ServerLook, now: float) -> Sequence[DomainFinding]:
    if not look.chain:
        return []
    check = f"Certificate of {look.host}"
    if look.proof:
        words = f"It does not prove the name: {look.proof}."
        return [DomainFinding(check, Verdict.FIX, words, "Get one for this name from a public authority.")]
    if not look.is_key_strong:
        return [DomainFinding(check, Verdict.FIX, f"Its key is too short: {look.key}.", "Use RSA 2048, or P-256.")]
    if look.expires_at < now + _A_MONTH:
        days = max(0, int((look.expires_at - now) // 86_400))
        return [DomainFinding(check, Verdict.IMPROVE, f"It ends in {days} day{'s' * (days != 1)}.", "Renew it.")]
    return [DomainFinding(check, Verdict.GOOD, f"It proves the name; {look.key}.")]


def _dane(seen: SeenServer, now: float) -> Sequence[DomainFinding]:
    check = f"DANE of {seen.look.host}"
    if not seen.dane.demands_tls:
        return [DomainFinding(check, Verdict.NOT_USED, "No TLSA records that DNSSEC vouches for.", "Optional.")]
    if not seen.look.chain:
        words = "There are TLSA records, and the certificate could not be seen."
        verdict = Verdict.FIX if seen.look.is_reached else Verdict.UNKNOWN
        return [DomainFinding(check, verdict, words, "" if verdict is Verdict.UNKNOWN else "Let it offer TLS.")]
    proof = prove(seen.dane.records, seen.look.chain, seen.look.host, now)
    if proof is None:
        words = "Its certificate matches none of its TLSA records: careful senders deliver nothing."
        return [DomainFinding(check, Verdict.FIX, words, "Publish records for the certificate that it shows.")]
    return [DomainFinding(check, Verdict.GOOD, f"Its certificate is as its TLSA records say ({proof}).")]


def _name(seen: SeenServer) -> DomainFinding:
    check = f"Reverse name of {seen.look.host}"
    match seen.reverse.result:
        case AuthResult.PASS:
            return DomainFinding(check, Verdict.GOOD, f"{seen.look.address} is {seen.reverse.name}.")
        case AuthResult.TEMPERROR:
            return DomainFinding(check, Verdict.UNKNOWN, "The DNS does not answer.")
        case _:
            words = f"{seen.look.address} has no name in the DNS that leads back to it."
            return DomainFinding(check, Verdict.IMPROVE, words, "Set its PTR record, if mail is sent from it too.")

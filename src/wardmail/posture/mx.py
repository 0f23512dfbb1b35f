"""Finds the servers that take mail for a domain (RFC 5321 section 5.1, RFC 7505)."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass

from wardmail.model.delivery import Deferred, Failed
from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question, Unknown

MAX_HOSTS = 20
MAX_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class MailHosts:
    """Names in the order to try them. `authenticated`: DNSSEC vouches for the list. `implicit`: there is no MX."""

    hosts: tuple[str, ...]
    authenticated: bool = False
    implicit: bool = False


@dataclass(frozen=True, slots=True)
class HostAddresses:
    """`authenticated`: DNSSEC vouches for every answer used, so that TLSA records may be asked for (RFC 7672 2.2.2)."""

    addresses: tuple[str, ...]
    authenticated: bool = False


def find_mail_hosts(domain: str, seed: int) -> Generator[Question, Answer, MailHosts | Deferred | Failed]:
    """Best preference first; equal preferences in an order that `seed` decides."""
    answer = yield DnsQuestion(domain, "MX")
    match answer:
        case Unknown(why):
            return _undecided(domain, why)
        case NotFound(authenticated):
            addresses = yield from find_addresses(domain)
            if isinstance(addresses, HostAddresses):
                return MailHosts((domain,), authenticated and addresses.authenticated, implicit=True)
            return addresses
        case Found(records, authenticated):
            return _in_order(domain, records, authenticated, seed)


def find_addresses(host: str) -> Generator[Question, Answer, HostAddresses | Deferred | Failed]:
    """IPv4 first, then IPv6. One unanswered question is borne when the other was answered with an address."""
    v4 = yield DnsQuestion(host, "A")
    v6 = yield DnsQuestion(host, "AAAA")
    found = [answer for answer in (v4, v6) if isinstance(answer, Found)]
    if found:
        addresses = tuple(address for answer in found for address in answer.records[:MAX_ADDRESSES])
        return HostAddresses(addresses, all(answer.authenticated for answer in found))
    for answer in (v4, v6):
        if isinstance(answer, Unknown):
            return _undecided(host, answer.why)
    return Failed(
        f"{host} has neither a mail server nor an address in the DNS. Check how it is spelt.",
        status="5.1.2",
        error="WM-DNS-NO-HOST",
    )


def _in_order(domain: str, records: tuple[str, ...], authenticated: bool, seed: int) -> MailHosts | Failed:
    ranked = sorted(
        (preference, hashlib.sha256(f"{seed} {host}".encode()).digest(), host)
        for preference, host in map(_parse, records[:MAX_HOSTS])
    )
    hosts = tuple(dict.fromkeys(host for _, _, host in ranked if host))
    if hosts:
        return MailHosts(hosts, authenticated)
    return Failed(
        f"{domain} says that it takes no mail (null MX). Ask for another address.",
        status="5.1.10",
        error="WM-DNS-NULL-MX",
    )


def _parse(record: str) -> tuple[int, str]:
    """`10 mail.example.` in presentation form; the null MX has an empty host."""
    preference, _, host = record.partition(" ")
    is_number = preference.isascii() and preference.isdigit()
    return (int(preference) if is_number else 65535), host.strip().rstrip(".").lower()


def _undecided(name: str, why: str) -> Deferred:
    sentence = f"The DNS gave no answer for {name}: {why}."
    return Deferred(sentence, counts=False, error="WM-DNS-NO-ANSWER", status="4.4.3")

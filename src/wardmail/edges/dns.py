"""Answers DNS questions by a validating resolver nearby, with a cache."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdtypes.txtbase
import dns.resolver

from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question, Unknown

if TYPE_CHECKING:
    from wardmail.ports import Clock

_MAX_CACHED = 10_000
_LARGEST_CACHED = 8 * 1024
"""Characters: whoever has names without end, each with as much as an answer holds, fills nobody's memory."""

_LONGEST_LIFE = 86_400
_LONGEST_ABSENCE = 900
_MAX_UDP = 1232
_MAX_RECORDS = 100


class DnsResolver:
    """Implements `ports.Resolver` for DNS; `https.WorldResolver` is the whole of it.

    `nameservers` are (address, port); none means those of the system. The AD bit is believed only from loopback: from
    further away anybody on the path could have set it.
    """

    def __init__(
        self,
        clock: Clock,
        nameservers: Sequence[tuple[str, int]] = (),
        *,
        timeout: float = 10.0,
    ) -> None:
        self._clock = clock
        self._cache: OrderedDict[DnsQuestion, tuple[float, Answer]] = OrderedDict()
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        addresses = nameservers or _system_nameservers()
        self._resolver.nameservers = [dns.nameserver.Do53Nameserver(*address) for address in addresses]
        self._resolver.lifetime = timeout
        self._resolver.timeout = timeout / 3
        self._resolver.use_edns(0, dns.flags.DO, _MAX_UDP)
        self._resolver.set_flags(dns.flags.RD | dns.flags.AD)
        self._trusts_ad = all(ipaddress.ip_address(address).is_loopback for address, _ in addresses)

    async def answer(self, question: Question) -> Answer:
        if not isinstance(question, DnsQuestion):
            return Unknown("this is no question for the DNS")
        return self._remembered(question) or await self._ask(question)

    def _remembered(self, question: DnsQuestion) -> Answer | None:
        expires, answer = self._cache.get(question, (0.0, None))
        return answer if expires > self._clock.now() else None

    async def _ask(self, question: DnsQuestion) -> Answer:
        try:
            name = dns.name.from_text(question.name)
            reply = await self._resolver.resolve(name, question.rdtype, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN as absence:
            responses: list[dns.message.QueryMessage] = list(absence.kwargs["responses"].values())
            return self._remember(question, NotFound(self._is_authenticated(responses)), responses)
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            return Unknown(_words(error))
        is_authenticated = self._is_authenticated([reply.response])
        if reply.rrset is None:
            return self._remember(question, NotFound(is_authenticated), [reply.response])
        records = tuple(_text(record) for record in list(reply.rrset)[:_MAX_RECORDS])
        return self._remember(question, Found(records, is_authenticated), [reply.response])

    def _is_authenticated(self, responses: Sequence[dns.message.QueryMessage]) -> bool:
        return self._trusts_ad and bool(responses) and all(response.flags & dns.flags.AD for response in responses)

    def _remember(self, question: DnsQuestion, answer: Answer, responses: Sequence[dns.message.QueryMessage]) -> Answer:
        lives = [response.resolve_chaining().minimum_ttl for response in responses]
        life = min([*lives, _LONGEST_LIFE if isinstance(answer, Found) else _LONGEST_ABSENCE])
        if isinstance(answer, Found) and sum(map(len, answer.records)) > _LARGEST_CACHED:
            return answer
        self._cache[question] = (self._clock.now() + life, answer)
        self._cache.move_to_end(question)
        if len(self._cache) > _MAX_CACHED:
            self._cache.popitem(last=False)
        return answer


def _system_nameservers() -> list[tuple[str, int]]:
    try:
        configured = dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration:
        configured = ["127.0.0.1"]
    return [(str(address), 53) for address in configured]


def _text(record: dns.rdata.Rdata) -> str:
    if isinstance(record, dns.rdtypes.txtbase.TXTBase):
        return b"".join(record.strings).decode("utf-8", "replace")
    return str(record.to_text())


def _words(error: Exception) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "the resolver did not answer in time"
    if isinstance(error, dns.resolver.NoNameservers):
        return "the resolver could not find out (SERVFAIL or worse)"
    return type(error).__name__

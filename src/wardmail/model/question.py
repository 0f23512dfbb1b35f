"""Questions that pure code asks of the outside world, and the three kinds of answer."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DnsQuestion:
    """`rdtype` is A, AAAA, MX, TXT, TLSA, CNAME or PTR; `name` without a trailing dot."""

    name: str
    rdtype: str


@dataclass(frozen=True, slots=True)
class HttpsQuestion:
    """GET over HTTPS with WebPKI, no redirects, text only, at most `limit` bytes (RFC 8461 section 3.3)."""

    url: str
    limit: int = 64 * 1024


Question = DnsQuestion | HttpsQuestion


@dataclass(frozen=True, slots=True)
class Found:
    """`records` in presentation form (TXT strings joined, unquoted); `authenticated` is a validator's AD bit."""

    records: tuple[str, ...]
    authenticated: bool = False


@dataclass(frozen=True, slots=True)
class NotFound:
    """The name or the type does not exist; `authenticated` as in Found."""

    authenticated: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer: a time-out or a SERVFAIL is never "no record"."""

    why: str


Answer = Found | NotFound | Unknown


class Answering(Protocol):
    async def answer(self, question: Question) -> Answer: ...


async def drive(inquiry: Generator[Question, Answer, _T], resolver: Answering) -> _T:
    """Ask what the generator asks, until it knows."""
    try:
        question = next(inquiry)
        while True:
            question = inquiry.send(await resolver.answer(question))
    except StopIteration as end:
        result: _T = end.value
        return result

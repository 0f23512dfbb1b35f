"""Looks at the DKIM keys of another organisation under selectors that are known or likely: the DNS lists none (SHARE-8)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wardmail.model.own_domain import DomainFinding, Verdict
from wardmail.model.question import Answer, DnsQuestion, Found, Unknown
from wardmail.model.sender import AuthResult, DkimEvidence
from wardmail.ports import Resolver
from wardmail.protect.dkim_key import NoUsableKey, PublicKey, published_key
from wardmail.protocol.selector import proper_selector

MOST_SEEN = 10
"""Selectors of what its mail and earlier looks showed."""

_MOST = 20
"""Besides the well-known ones: whoever looks is no flood for the DNS of others."""

WELL_KNOWN = (
    *("selector1", "selector2", "google", "s1", "s2", "k1", "k2", "k3", "default", "dkim", "mail", "smtp"),
    *("fm1", "mandrill", "zoho", "protonmail"),
)
"""What large providers and common programs call theirs: Exchange Online the first two."""

_NOBODYS = "wardmail-looks-here-for-a-wildcard"
_AT_ONCE = 8
_LONG_ENOUGH, _LARGEST_COMMON = 2048, 4096
_TO_DO = "Name a selector: it stands after s= in the DKIM-Signature field of a message from them."


@dataclass(frozen=True, slots=True)
class KeyLook:
    """`found`: the selectors under which there is a key, or was one."""

    findings: tuple[DomainFinding, ...]
    found: tuple[str, ...] = ()


def selectors_in(evidence: Iterable[DkimEvidence]) -> Sequence[tuple[str, str]]:
    """Domain and selector of each signature that was proved."""
    passed = (each for each in evidence if each.result is AuthResult.PASS)
    found = ((each.domain.lower(), proper_selector(each.selector)) for each in passed)
    return [each for each in dict.fromkeys(found) if all(each)]


async def look_at_keys(domain: str, selectors: Sequence[str], resolver: Resolver, seconds: float) -> KeyLook:
    """Under these and the well-known ones. What the DNS does not say within `seconds` counts as not said."""
    wanted = tuple(dict.fromkeys((*selectors[:_MOST], *WELL_KNOWN)))
    turns, answers = asyncio.Semaphore(_AT_ONCE), dict[str, Answer]()

    async def ask(selector: str) -> None:
        async with turns:
            answers[selector] = await resolver.answer(DnsQuestion(f"{selector}._domainkey.{domain}", "TXT"))

    asking = [asyncio.create_task(ask(each)) for each in (*wanted, _NOBODYS)]
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*asking)
    except TimeoutError:
        await asyncio.gather(*asking, return_exceptions=True)
    late = Unknown("there was no time left to wait for it")
    return judge_keys({each: answers.get(each, late) for each in wanted}, answers.get(_NOBODYS, late), selectors)


def judge_keys(answers: Mapping[str, Answer], nobodys: Answer, known: Sequence[str]) -> KeyLook:
    """`nobodys` is the answer under a name that nobody uses: a domain that gives it under every name gives it there too.
    Where the DNS does not say, nobody can tell whether what was guessed is a key or stands everywhere.

    `known` selectors are not guessed, so that what stands under them counts though it stands under every name.
    """
    everywhere = nobodys.records if isinstance(nobodys, Found) else ()
    records = {
        selector: found
        for selector, answer in answers.items()
        if isinstance(answer, Found)
        and (found := [each for each in answer.records if _is_key_record(each)])
        and (selector in known or (answer.records != everywhere and not isinstance(nobodys, Unknown)))
    }
    judged = {selector: _judged(selector, found) for selector, found in records.items()}
    silent = sum(isinstance(each, Unknown) for each in (*answers.values(), nobodys))
    whole = _summary(
        [each for each, _ in judged.values()], tuple(judged), len(answers), silent, _is_revoked(everywhere)
    )
    return KeyLook((whole, *(finding for _, finding in judged.values())), tuple(judged))


@dataclass(frozen=True, slots=True)
class _Standing:
    usable: bool
    revoked: bool = False


def _judged(selector: str, records: Sequence[str]) -> tuple[_Standing, DomainFinding]:
    check = f"DKIM key {selector}"
    if len(records) > 1:
        words = f"There are {len(records)} records: receivers may take any of them."
        return _Standing(usable=False), DomainFinding(check, Verdict.FIX, words, "Leave one.")
    if _is_revoked(records):
        words = "It has been revoked: what it signed is not believed any more."
        return _Standing(usable=False, revoked=True), DomainFinding(check, Verdict.NOT_USED, words)
    try:
        key = published_key(records[0])
    except NoUsableKey as problem:
        words = str(problem)
        return _Standing(usable=False), DomainFinding(
            check, Verdict.FIX, f"{words[:1].upper()}{words[1:]}.", "Publish a key of RSA 2048."
        )
    return _Standing(usable=True), _graded(check, key)


def _graded(check: str, key: PublicKey) -> DomainFinding:
    """By the rules of the official checker (NCSC Mail Check): RSA of 2048 bits or more is good, Ed25519 is known."""
    words = f"{key.kind} of {key.bits} bits."
    if key.testing:
        words = f"{words} It says that it is only tried out (t=y): receivers may take its mail for unsigned."
        return DomainFinding(check, Verdict.IMPROVE, words, "Take t=y out of the record.")
    if key.kind == "RSA" and key.bits < _LONG_ENOUGH:
        return DomainFinding(check, Verdict.IMPROVE, words, f"Use RSA of {_LONG_ENOUGH} bits.")
    if key.bits > _LARGEST_COMMON:
        return DomainFinding(check, Verdict.IMPROVE, words, f"Some receivers check none over {_LARGEST_COMMON} bits.")
    return DomainFinding(check, Verdict.GOOD, words)


def _summary(
    standings: Sequence[_Standing], selectors: Sequence[str], looked_at: int, silent: int, signs_nothing: bool
) -> DomainFinding:
    usable = [name for name, each in zip(selectors, standings, strict=True) if each.usable]
    if usable:
        several = "s" if len(usable) > 1 else ""
        return DomainFinding("DKIM", Verdict.GOOD, f"Key{several} found under {', '.join(usable)}.")
    if any(not each.revoked for each in standings):
        return DomainFinding("DKIM", Verdict.FIX, "No key that was found can be used.", "Mend the records below.")
    if standings:
        words = f"Only keys that are revoked were found under the {looked_at} selectors looked at."
        return DomainFinding("DKIM", Verdict.UNKNOWN, words, _TO_DO)
    if signs_nothing:
        words = "It says under every selector that the key is revoked: no signature of it is to be believed."
        return DomainFinding("DKIM", Verdict.NOT_USED, words)
    words = f"No key was found under the {looked_at} selectors looked at. That says nothing: it may use others."
    if silent:
        words = f"{words} To {silent} of the questions the DNS did not answer."
    return DomainFinding("DKIM", Verdict.UNKNOWN, words, _TO_DO)


def _is_key_record(record: str) -> bool:
    """Text that stands under every name, as a wildcard of SPF does, is no key that went wrong."""
    return re.match(r"\s*v\s*=\s*DKIM", record) is not None or re.search(r"(?:^|;)\s*p\s*=", record) is not None


def _is_revoked(records: Sequence[str]) -> bool:
    return len(records) == 1 and re.search(r"(?:^|;)\s*p\s*=\s*(?:;|$)", records[0]) is not None

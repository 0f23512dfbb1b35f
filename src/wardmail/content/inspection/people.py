"""Findings that come of the message as a whole: whom it pretends to be from, its links, its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.context import Context
from wardmail.content.inspection.file import Link
from wardmail.content.inspection.hosts import (
    begins_like,
    imitates,
    in_letters,
    mixes_scripts,
    organisation_of,
    skeleton,
)
from wardmail.content.inspection.links import look_at_links, parse
from wardmail.content.inspection.unsolicited import signs_of_unsolicited
from wardmail.content.inspection.well_known import Imitation, imitation_of, whose_name
from wardmail.content.mime.fields import Head, read_head
from wardmail.content.mime.words import shown
from wardmail.model.inspection import Finding

_ADDRESS = re.compile(r"[^\s<>@\",;:()\[\]]{1,64}@([^\s<>@\",;:()\[\]]{1,253})")
_ANGLE = re.compile(r"<[^<>]*?@([^\s<>@]{1,253})>")
_FREEMAIL = frozenset(
    """
    gmail.com googlemail.com yahoo.com yahoo.co.uk hotmail.com hotmail.co.uk outlook.com live.com
    aol.com gmx.com gmx.net mail.com proton.me protonmail.com icloud.com yandex.com mail.ru zoho.com
    tutanota.com email.com excite.com lycos.com netscape.net rediffmail.com sina.com 163.com 126.com
    qq.com
    """.split()  # noqa: SIM905
)
_PRESSES = re.compile(
    r"\b(?:verify|confirm|validate|update|re-?activate|unlock|restore|review)\s+(?:\w+\s+){0,3}?(?:account|identity|password|mailbox"
    r"|e-?mail|billing|payment|details|information|credentials|log-?in)\b|\b(?:password|mailbox|account|e-?mail)\s+(?:\w+\s+){0,3}?"
    r"(?:expir|suspend|deactivat|limit|locked|terminat|disabled|quota|on hold|exceeded)|unusual (?:sign-?in|activity|log-?in)"
    r"|(?:click|log ?in|sign ?in)\s+(?:here|below|now)\s+to\s+(?:verify|confirm|keep|avoid|restore|continue|release|view|review)"
    r"|within (?:24|48|72) hours?\b",
)
_PRESSING = (
    "account",
    "password",
    "mailbox",
    "identity",
    "quota",
    "billing",
    "payment",
    "credential",
    "unusual",
    "within ",
)
_ADVANCE_FEE = (
    "next of kin",
    "million united states",
    "million us",
    "million u.s",
    "million dollars",
    "million pounds",
    "million euro",
    "barrister",
    "lottery",
    "inheritance",
    "late president",
    "late head of state",
    "former minister",
    "late husband",
    "beneficiary",
    "transfer of the",
    "transfer this money",
    "foreign partner",
    "foreign account",
    "foreign bank",
    "strictly confidential",
    "utmost confidence",
    "utmost secrecy",
    "risk free",
    "risk-free",
    "consignment",
    "your bank account",
    "security company",
    "thousand united states",
    "head of state",
    "deceased",
)


def look_at_people(
    message: bytes, links: dict[Link, str], texts: list[tuple[str, str]], context: Context
) -> list[Finding]:
    """`texts` are what people read, each with its declared type."""
    head = read_head(message, 0, len(message))
    findings = [*look_at_links(links, context), *_look_at_sender(head, context)]
    words = " ".join("\n".join(text for text, _ in texts)[: 256 * 1024].lower().split())
    if links and any(each in words for each in _PRESSING) and _PRESSES.search(words):
        findings.append(found("words-of-phishing"))
        if _lead_elsewhere(links, shown(head.first("from"))):
            findings.append(found("words-lead-elsewhere"))
    if sum(each in words for each in _ADVANCE_FEE) >= 4:
        findings.append(found("words-of-advance-fee"))
    unsolicited = signs_of_unsolicited(head, words, frozenset(kind or "text/plain" for _, kind in texts))
    if unsolicited:
        findings.append(found(unsolicited))
    if context.known_sender is False:
        findings.append(found("first-contact"))
    return findings


def _lead_elsewhere(links: Iterable[Link], author: str) -> bool:
    """Whether none of the links is the author's own: who presses for a log-in at their own place sends people there."""
    hosts = [target.host for link in links if (target := parse(link.target)) and target.scheme in ("http", "https")]
    own = {organisation_of(each) for each in _domains(author)}
    return bool(hosts and own) and not own & {organisation_of(each) for each in hosts}


def _look_at_sender(head: Head, context: Context) -> Iterator[Finding]:
    fields = head.all("from")
    if not any(value.strip() for value in fields):
        yield found("from-missing")
        return
    if len(fields) > 1:
        yield found("from-several")
    for value in fields[:5]:
        text = shown(value)
        domains = _domains(text)
        if len(domains) > 1 and len(fields) == 1 and not head.first("sender"):
            yield found("from-several")
        for domain in domains[:5]:
            yield from _look_at_domain(domain, context)
        yield from _look_at_name(text, domains, context)
    yield from _look_at_reply(head, shown(fields[0]))


def _domains(text: str) -> list[str]:
    """Of addresses in angle brackets; of bare ones when there are none."""
    found_domains = _ANGLE.findall(text) or _ADDRESS.findall(text)[:1]
    return [each.lower().rstrip(".") for each in found_domains]


def _look_at_domain(domain: str, context: Context) -> Iterator[Finding]:
    names = context.protected_names + context.own_domains
    imitation = imitation_of(domain)
    if imitates(domain, names) or begins_like(domain, names) or imitation in (Imitation.LOOKS, Imitation.BEGINS):
        yield found("from-look-alike", words=in_letters(domain))
    elif imitation:
        yield found("from-borrows-name", words=in_letters(domain))
    elif mixes_scripts(domain):
        yield found("from-mixed-script", words=in_letters(domain))
    own = [each.lower() for each in context.own_domains]
    if any(domain == each or domain.endswith(f".{each}") for each in own):
        yield found("claims-own-domain", words=domain)


def _look_at_name(text: str, domains: list[str], context: Context) -> Iterator[Finding]:
    """An address in the name is what people see; a protected name there is worth as much as its domain."""
    name = text.rpartition("<")[0] if "<" in text else ""
    organisations = {organisation_of(each) for each in domains}
    others = {organisation_of(each) for each in _ADDRESS.findall(name)}
    if others and organisations and not others & organisations:
        yield found("from-name-address", words=min(others))
    plain = skeleton(" ".join(name.replace('"', " ").split()))
    own = {organisation_of(each) for each in (*context.own_domains, *context.protected_names) if "." in each}
    for protected in context.protected_names:
        if plain and skeleton(protected) in plain and not organisations & own:
            yield found("from-name-protected", words=protected)
            return
    if known := whose_name(name, domains):
        yield found("from-name-protected", words=known)


def _look_at_reply(head: Head, author: str) -> Iterator[Finding]:
    replies, authors = _domains(shown(head.first("reply-to"))), _domains(author)
    if not replies or not authors or head.first("list-id") or head.first("list-post"):
        return
    reply, organisation = organisation_of(replies[0]), organisation_of(authors[0])
    if reply == organisation:
        return
    if reply in _FREEMAIL and organisation not in _FREEMAIL:
        yield found("reply-freemail", words=reply)
    else:
        yield found("reply-elsewhere", words=reply)

"""Names that are imitated everywhere, without anybody having to name them: what makes itself look like one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from wardmail.content.inspection.hosts import in_letters, is_one_apart, organisation_of, skeleton

_LURES = frozenset(
    """
    account accounts admin alert alerts auth authentication billing center centre claim confirm customer delivery
    desk help helpdesk id info invoice live log login mail message notice notification notifications office official online
    order orders parcel pay payment payments post portal refund rebate recovery redelivery reset reward secure secured
    security service services shipping sign signin support tax team track tracking unlock update updates upgrade
    validate validation verification verify wallet webmail noreply reply the your my uk group ltd plc customs and
    """.split()  # noqa: SIM905
)
_LONG_ENOUGH = 8
"""Letters: shorter names have honest neighbours one letter away."""


@dataclass(frozen=True, slots=True)
class _Known:
    """`words` are what people call it, `token` what a borrowed name holds, `domains` its own."""

    token: str
    words: tuple[str, ...]
    domains: tuple[str, ...]


def _known(row: str) -> _Known:
    token, words, domains = (" ".join(each.split()) for each in row.split("|"))
    return _Known(token, tuple(each.strip() for each in words.split(",")), tuple(domains.split()))


_TABLE = """
    nhs | nhs, nhsmail, nhs.net, nhs.uk | nhs.net nhs.uk nhs.scot nhs.wales hscni.net gov.uk;
    hmrc | hmrc, hm revenue, hm revenue & customs, hm revenue and customs | hmrc.gov.uk gov.uk;
    dvla | dvla, dvla vehicle | dvla.gov.uk gov.uk;
    gov | gov.uk | gov.uk;
    microsoft | microsoft, microsoft 365, microsoft office, microsoft outlook, office 365, office365,
        onedrive, sharepoint, outlook web | microsoft.com microsoftonline.com office.com office365.com
        outlook.com live.com sharepoint.com msn.com windows.com azure.com skype.com onmicrosoft.com;
    office365 | office365 | office365.com microsoft.com;
    sharepoint | sharepoint online | sharepoint.com microsoft.com;
    onedrive | onedrive | onedrive.com live.com microsoft.com;
    google | google, gmail, google drive, google docs, google account | google.com googlemail.com gmail.com
        youtube.com;
    apple | apple, apple id, icloud, itunes | apple.com icloud.com itunes.com me.com;
    icloud | icloud | icloud.com apple.com;
    amazon | amazon, amazon prime, amazon.co.uk, amazon.com, aws | amazon.com amazon.co.uk amazonaws.com
        amazonses.com aws.com;
    paypal | paypal | paypal.com paypal.co.uk;
    docusign | docusign | docusign.com docusign.net;
    dropbox | dropbox | dropbox.com dropboxmail.com;
    adobe | adobe, adobe sign, acrobat sign | adobe.com adobesign.com echosign.com;
    netflix | netflix | netflix.com;
    linkedin | linkedin | linkedin.com;
    facebook | facebook, meta, facebookmail | facebook.com facebookmail.com meta.com;
    instagram | instagram | instagram.com facebook.com;
    whatsapp | whatsapp | whatsapp.com facebook.com;
    royalmail | royal mail, royalmail | royalmail.com;
    dhl | dhl, dhl express | dhl.com dhl.co.uk dhl.de;
    evri | evri | evri.com;
    barclays | barclays, barclays bank | barclays.co.uk barclays.com;
    lloydsbank | lloyds bank, lloyds | lloydsbank.co.uk lloydsbank.com lloydsbanking.com;
    natwest | natwest, natwest bank | natwest.com nwg.com;
    hsbc | hsbc, hsbc bank | hsbc.co.uk hsbc.com;
    santander | santander | santander.co.uk santander.com;
    halifax | halifax bank | halifax.co.uk;
    ebay | ebay | ebay.com ebay.co.uk
"""
_KNOWN = tuple(_known(row) for row in _TABLE.split(";"))
_ALL_DOMAINS = tuple(dict.fromkeys(domain for each in _KNOWN for domain in each.domains))
_TOKENS = frozenset(each.token for each in _KNOWN)
_AT_HOME_ALONE = frozenset(("nhs", "hmrc", "dvla", "gov"))
_COUNTRY = re.compile(r"[a-z]{2}")


class Imitation(StrEnum):
    LOOKS = "looks alike"
    BEGINS = "begins alike"
    BORROWS = "borrows the name"


@lru_cache(maxsize=4096)
def imitation_of(host: str) -> Imitation | None:
    """What the host makes of a well-known name that is not its own."""
    host = in_letters(host.lower().rstrip("."))
    if any(host == each or host.endswith(f".{each}") for each in _ALL_DOMAINS):
        return None
    if any(_looks_like(host, each) for each in _ALL_DOMAINS):
        return Imitation.LOOKS
    if any(_begins_like(host, each) for each in _ALL_DOMAINS):
        return Imitation.BEGINS
    return Imitation.BORROWS if _borrows(organisation_of(host).partition(".")[0]) else None


def whose_name(display: str, domains: list[str]) -> str:
    """Whom the display name alone says that it is, when none of the addresses is theirs; else empty."""
    name = skeleton(" ".join(re.sub(r"[\"'()\[\]:*_|]", " ", display).split()))
    for each in _KNOWN:
        called = next((words for words in each.words if _is_called(name, skeleton(words))), "")
        if called and not any(_is_theirs(domain, each) for domain in domains):
            return called
    return ""


def _is_called(name: str, words: str) -> bool:
    """The words, and nothing besides but what lures: `Microsoft account team`, not `Apple Tree Surgery`."""
    if not f"{name} ".startswith(f"{words} "):
        return False
    rest = re.split(r"[\s,.!-]+", name[len(words) :].strip())
    return all(each in _PLAIN_LURES for each in rest if each)


def _is_theirs(domain: str, known: _Known) -> bool:
    """A company has its name in other countries too; a part of government has not."""
    own = any(domain == each or domain.endswith(f".{each}") for each in known.domains)
    is_named = organisation_of(domain).partition(".")[0] == known.token
    return own or (is_named and known.token not in _AT_HOME_ALONE)


def _looks_like(host: str, domain: str) -> bool:
    tail = ".".join(host.split(".")[-(domain.count(".") + 1) :])
    if skeleton(tail) == skeleton(domain):
        return True
    label, wanted = tail.partition(".")[0], domain.partition(".")[0]
    return len(wanted) >= _LONG_ENOUGH and label != wanted and is_one_apart(skeleton(label), skeleton(wanted))


def _begins_like(host: str, domain: str) -> bool:
    """`nhs.net.evil.example`, `nhs-net.evil.example`; not `paypal.com.au`."""
    before, found, after = f".{host.replace('-', '.').replace('_', '.')}".partition(f".{domain}.")
    return bool(found) and not (not before and _COUNTRY.fullmatch(after))


def _borrows(label: str) -> bool:
    """`paypal-secure`, `hmrc-tax-refund`: the name, and nothing besides but what lures."""
    pieces = {each for each in re.split(r"[-_]+", label) if each}
    return len(pieces) > 1 and bool(pieces & _TOKENS) and pieces <= _TOKENS | _LURES


_PLAIN_LURES = frozenset(map(skeleton, _LURES))

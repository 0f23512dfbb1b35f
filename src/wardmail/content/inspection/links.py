"""Judges links: where they lead, and whether people could know it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.context import Context
from wardmail.content.inspection.file import Link, extension_of
from wardmail.content.inspection.hosts import begins_like, imitates, in_letters, mixes_scripts, organisation_of
from wardmail.content.inspection.names import PROGRAMS
from wardmail.content.inspection.well_known import Imitation, imitation_of
from wardmail.model.inspection import Finding

_URL = re.compile(r"([a-z][a-z0-9+.-]{0,20}):[/\\]{0,3}([^/\\?#]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(r"[\x00-\x20\x7f]")
_IP = re.compile(r"(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]+|\d+)){0,3}|\[[0-9a-f:.]+\]", re.IGNORECASE)
_SHOWN = re.compile(r"^(?:(?:https?|ftp)://)?((?:[\w-]+\.)+[a-z]{2,24})(?::\d+)?(?:[/?#]\S*)?$", re.IGNORECASE)
_INNER = re.compile(r"(?:[?&=/]|%3d|%3f|^)(https?(?::|%3a)(?:/|%2f){2}[^&\s]+)", re.IGNORECASE)
_SHORTENERS = frozenset(
    """
    bit.ly tinyurl.com t.co goo.gl ow.ly is.gd buff.ly rebrand.ly cutt.ly t.ly rb.gy shorturl.at tiny.cc
    lnkd.in s.id v.gd bl.ink qrco.de tr.im snip.ly adf.ly x.co tny.im shorte.st
    """.split()  # noqa: SIM905
)
_REDIRECTORS = frozenset(
    ("google.com", "bing.com", "yahoo.com", "doubleclick.net", "linkedin.com", "youtube.com", "baidu.com")
)
_WRAPPERS = (
    "safelinks.protection.outlook.com",
    "urldefense.proofpoint.com",
    "urldefense.com",
    "protect-eu.mimecast.com",
)
_MOST_LOOKED_AT = 500
_MISLEADING_ENDINGS = frozenset(
    """
    com app run action command website workflow jar air apk theme bin url js sh deb rpm img iso dmg pkg
    zip msi pl py its ops tool terminal desktop mcf bas adp fxp
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str
    port: str
    user: str
    path: str
    rest: str


def parse(link: str) -> Target | None:
    """As browsers read it: backslashes are slashes, and blanks and controls within are dropped."""
    text = _BLANKS.sub("", link)
    if text.startswith("//"):
        text = "http:" + text
    elif text.lower().startswith("www."):
        text = "http://" + text
    match = _URL.match(text)
    if match is None:
        return None
    user, at, authority = match[2].rpartition("@")
    host, _, port = authority.partition(":") if not authority.startswith("[") else (authority, "", "")
    host = unquote(host).lower().rstrip(".").replace("\u3002", ".").replace("\uff0e", ".")
    return Target(match[1].lower(), host, port, user if at else "", match[3], match[4])


def look_at_links(links: dict[Link, str], context: Context) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    names = context.protected_names + context.own_domains
    for link, part in list(links.items())[:_MOST_LOOKED_AT]:
        target = parse(link.target)
        if target is None:
            continue
        for finding_id in _faults(link, target, names):
            if (finding_id, target.host) not in seen:
                seen.add((finding_id, target.host))
                yield found(finding_id, part, in_letters(target.host))


def _faults(link: Link, target: Target, names: tuple[str, ...]) -> Iterator[str]:
    if target.scheme in ("file", "search-ms", "ms-msdt", "ms-search", "smb", "ms-officecmd", "ms-appinstaller"):
        yield "link-file"
    if target.scheme not in ("http", "https", "ftp") or not target.host:
        return
    yield from _faults_of_host(target, names)
    if target.user:
        yield "link-userinfo"
    if "%" in link.target.partition("://")[2].partition("/")[0] or "\\" in link.target[:12]:
        yield "link-obfuscated"
    if target.port not in ("", "80", "443", "21", "8080", "8443"):
        yield "link-port"
    yield from _faults_of_path(target)
    if link.shown and _leads_elsewhere(link.shown, target):
        yield "link-text-differs"


def _faults_of_host(target: Target, names: tuple[str, ...]) -> Iterator[str]:
    host = target.host
    if _IP.fullmatch(host):
        yield "link-ip"
    elif mixes_scripts(host):
        yield "link-mixed-script"
    elif "xn--" in host or not host.isascii():
        yield "link-punycode"
    imitation = imitation_of(host)
    if imitates(host, names) or imitation is Imitation.LOOKS:
        yield "link-imitates"
    elif begins_like(host, names) or imitation is Imitation.BEGINS:
        yield "link-imitates-by-subdomain"
    elif imitation:
        yield "link-borrows-name"


def _faults_of_path(target: Target) -> Iterator[str]:
    organisation = organisation_of(target.host)
    ending = extension_of(unquote(target.path))
    if ending in PROGRAMS and ending not in _MISLEADING_ENDINGS:
        yield "link-program"
    if organisation in _SHORTENERS:
        yield "link-shortener"
    inner = _INNER.search(target.path + target.rest)
    if organisation in _REDIRECTORS and inner:
        yield "link-redirector"


def _leads_elsewhere(shown: str, target: Target) -> bool:
    """Only when the text is itself an address; a sentence promises nothing."""
    match = _SHOWN.match(shown.strip().strip("<>().,").replace("\u200b", ""))
    if match is None or match[1].rpartition(".")[2].lower() in (
        "html",
        "htm",
        "pdf",
        "doc",
        "docx",
        "txt",
        "js",
        "php",
        "zip",
        "exe",
        "net.ads",
    ):
        return False
    host = target.host
    if any(host.endswith(each) for each in _WRAPPERS):
        return False
    return organisation_of(match[1]) != organisation_of(host)

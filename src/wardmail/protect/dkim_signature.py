"""Reads a signature out of its header field: DKIM-Signature, ARC-Message-Signature or ARC-Seal."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, replace

import idna

from wardmail.protect.canonical import relaxed_field
from wardmail.protect.tags import BadTags, listed, parse_tags, without_blanks

MOST_SIGNED_NAMES = 1000
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*").fullmatch
_FIELD_NAME = re.compile(rb"[!-9<-~]+").fullmatch
_NUMBER = re.compile(r"[0-9]{1,12}").fullmatch
_LENGTH = re.compile(r"[0-9]{1,76}").fullmatch
_FORMS = {"simple": False, "relaxed": True}
_B_TAG = re.compile(rb"[ \t\r\n]*b[ \t\r\n]*=").match

KNOWN_ALGORITHMS = frozenset({"rsa-sha256", "ed25519-sha256"})


class BadSignature(Exception):
    """Why a signature cannot be read. `tags` is what could be, for the report."""

    def __init__(self, reason: str, tags: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.tags = tags or {}


@dataclass(frozen=True, slots=True)
class Signature:
    """`identity` is i= or @domain; `limit` is l=; `signed` are the names of h=, in lower case; times in seconds."""

    raw: bytes
    domain: str
    selector: str
    algorithm: str
    signature: bytes
    identity: str = ""
    body_hash: bytes = b""
    signed: tuple[bytes, ...] = ()
    relaxed_header: bool = True
    relaxed_body: bool = True
    limit: int | None = None
    made: int | None = None
    expires: int | None = None

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def itself(self) -> bytes:
        """The field in its canonical form with an empty b= and without its CRLF (RFC 6376 section 3.7)."""
        bare = without_b(self.raw)
        if not self.relaxed_header:
            return bare.removesuffix(b"\r\n")
        return relaxed_field(self.raw.partition(b":")[0].rstrip(b" \t").lower(), bare)[:-2]


def read_dkim(raw: bytes) -> Signature:
    """A whole DKIM-Signature field. Raises BadSignature for every fault of RFC 6376 section 6.1.1."""
    tags = _tags(raw)
    if tags.get("v") != "1":
        raise BadSignature("it is of an unknown version", tags)
    signature = read_message_signature(raw, {"c": "simple/simple"} | tags)
    _check_query(tags)
    identity = _identity(tags, signature.domain)
    if b"from" not in signature.signed:
        raise BadSignature("it does not sign From", tags)
    if not all(map(_FIELD_NAME, signature.signed)):
        raise BadSignature("its tag h= lists something that is no name of a field", tags)
    return replace(signature, identity=identity)


def read_message_signature(raw: bytes, tags: dict[str, str]) -> Signature:
    """What DKIM-Signature and ARC-Message-Signature have in common; without c= the latter is relaxed, as in ARC's suite."""
    relaxed_header, relaxed_body = _forms(tags)
    domain, selector = _names(tags)
    made, expires = _number(tags, "t"), _number(tags, "x")
    if made is not None and expires is not None and expires <= made:
        raise BadSignature("it ends before it began", tags)
    return Signature(
        raw,
        domain,
        selector,
        _needed(tags, "a"),
        _octets(tags, "b"),
        body_hash=_octets(tags, "bh"),
        signed=_signed(tags),
        relaxed_header=relaxed_header,
        relaxed_body=relaxed_body,
        limit=_limit(tags),
        made=made,
        expires=expires,
    )


def read_seal(raw: bytes, tags: dict[str, str]) -> Signature:
    """An ARC-Seal signs other ARC fields only, so it has neither h= nor bh= (RFC 8617 section 4.1.3)."""
    if "h" in tags or "bh" in tags:
        raise BadSignature("a seal may not have h= or bh=", tags)
    domain, selector = _names(tags)
    return Signature(
        raw, domain, selector, _needed(tags, "a"), _octets(tags, "b"), made=_number(tags, "t"), expires=None
    )


def without_b(raw: bytes) -> bytes:
    """The field with an empty b=. A semicolon ends a tag wherever it stands, so it is cut there and nowhere else."""
    name, colon, value = raw.partition(b":")
    pieces = value.split(b";")
    for index, piece in enumerate(pieces):
        found = _B_TAG(piece)
        if found:
            pieces[index] = found[0]
    return name + colon + b";".join(pieces)


def _tags(raw: bytes) -> dict[str, str]:
    try:
        return parse_tags(raw.partition(b":")[2])
    except BadTags as error:
        raise BadSignature(str(error)) from error


def _needed(tags: dict[str, str], name: str) -> str:
    value = tags.get(name, "")
    if not value:
        raise BadSignature(f"its tag {name}= is missing or empty", tags)
    return value


def _octets(tags: dict[str, str], name: str) -> bytes:
    try:
        return binascii.a2b_base64(without_blanks(_needed(tags, name)), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature(f"its tag {name}= is not base64", tags) from error


def _names(tags: dict[str, str]) -> tuple[str, str]:
    domain, selector = _ascii_name(_needed(tags, "d")), _ascii_name(_needed(tags, "s"))
    if not domain or not selector or len(domain) + len(selector) > 240:
        raise BadSignature("its domain or its selector is no name", tags)
    return domain, selector


def _ascii_name(text: str) -> str:
    """In lower case and A-labels (RFC 8616 section 5); empty for what is no name."""
    if not text.isascii():
        try:
            text = idna.encode(text.lower()).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    return text.lower() if _NAME(text) else ""


def _forms(tags: dict[str, str]) -> tuple[bool, bool]:
    header, slash, body = tags.get("c", "relaxed/relaxed").partition("/")
    body = body if slash else "simple"
    if header not in _FORMS or body not in _FORMS:
        raise BadSignature("its canonical form is unknown", tags)
    return _FORMS[header], _FORMS[body]


def _signed(tags: dict[str, str]) -> tuple[bytes, ...]:
    if "h" not in tags:
        raise BadSignature("its tag h= is missing or empty", tags)
    names = tuple(name.encode() for name in listed(tags["h"]))
    if len(names) > MOST_SIGNED_NAMES:
        raise BadSignature(f"it signs more than {MOST_SIGNED_NAMES} fields", tags)
    return names


def _number(tags: dict[str, str], name: str) -> int | None:
    if name not in tags:
        return None
    if not _NUMBER(tags[name]):
        raise BadSignature(f"its tag {name}= is no number", tags)
    return int(tags[name])


def _limit(tags: dict[str, str]) -> int | None:
    if "l" not in tags:
        return None
    if not _LENGTH(tags["l"]):
        raise BadSignature("its tag l= is no number", tags)
    return int(tags["l"])


def _check_query(tags: dict[str, str]) -> None:
    if "q" in tags and "dns/txt" not in listed(tags["q"]):
        raise BadSignature("its key is published in an unknown way", tags)


def _identity(tags: dict[str, str], domain: str) -> str:
    local, at, host = tags.get("i", f"@{domain}").rpartition("@")
    host = _ascii_name(host)
    if not at or not (host == domain or host.endswith(f".{domain}")):
        raise BadSignature("its identity i= is not at its domain d=", tags)
    return f"{local}@{host}"

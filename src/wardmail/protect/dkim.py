"""Makes DKIM signatures (RFC 6376, RFC 8463): prepare what is to be signed, let a key sign it, assemble the field."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wardmail.protect.canonical import RelaxedBodyHash, relaxed_field

__all__ = ["Key", "RelaxedBodyHash", "Unsigned", "assemble", "prepare", "sign"]

Fields = Sequence[tuple[bytes, bytes]]
"""(lower-case name, raw field with folding and CRLF), topmost first."""


_OUR_LAYOUT = re.compile(
    rb"DKIM-Signature: v=1; a=[a-z0-9-]+; c=relaxed/relaxed;\r\n\td=[^\s;]+;\r\n\ts=[^\s;]+; t="
).match


class Key(Protocol):
    """What this module needs to know of a signing key; `algorithm` is `rsa-sha256` or `ed25519-sha256`."""

    @property
    def domain(self) -> str: ...
    @property
    def selector(self) -> str: ...
    @property
    def algorithm(self) -> str: ...
    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Unsigned:
    """`to_sign` is the canonical input of the signature, `field` the DKIM-Signature field as far as `b=`."""

    to_sign: bytes
    field: bytes


_ALWAYS = (
    *(b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding"),
)
"""Named once more than they occur, so that none can be added afterwards (RFC 6376 8.15)."""

_WHEN_PRESENT = (
    *(b"sender", b"in-reply-to", b"references", b"auto-submitted", b"importance", b"content-disposition"),
    *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"list-help", b"list-post", b"list-archive"),
)

_LINE = 72
_TOKEN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?").fullmatch
_ALGORITHMS = frozenset({"rsa-sha256", "ed25519-sha256"})


def sign(key: Key, fields: Fields, body_hash: bytes, *, now: float, expires: float | None = None) -> bytes:
    """The whole DKIM-Signature field, ended by CRLF. Raises whatever the key raises."""
    unsigned = prepare(fields, body_hash, key, now=now, expires=expires)
    return assemble(unsigned, key.sign(unsigned.to_sign))


def prepare(fields: Fields, body_hash: bytes, key: Key, *, now: float, expires: float | None = None) -> Unsigned:
    """`body_hash` comes from `RelaxedBodyHash`; `now` and `expires` become t= and x=, in seconds since the epoch.

    There is never an l= tag: it would let anyone append to the body. Raises ValueError for a key that cannot sign.
    """
    if key.algorithm not in _ALGORITHMS or not _TOKEN(key.domain) or not _TOKEN(key.selector):
        raise ValueError("a DKIM key needs a domain, a selector, and rsa-sha256 or ed25519-sha256")
    names, signed = _signed_fields(fields)
    times = f"t={int(now)};" if expires is None else f"t={int(now)}; x={int(expires)};"
    field = (
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n"
        f"\td={key.domain};\r\n"
        f"\ts={key.selector}; {times}\r\n"
    ).encode("ascii") + b"\th=%b;\r\n\tbh=%b;\r\n\tb=" % (
        _folded_names(names),
        binascii.b2a_base64(body_hash, newline=False),
    )
    # RFC 6376 3.7: the field itself comes last, with an empty b= and without its CRLF.
    signed.append(relaxed_field(b"dkim-signature", field)[:-2])
    return Unsigned(b"".join(signed), field)


def is_made_here(raw_field: bytes) -> bool:
    """Whether a DKIM-Signature field is folded as `prepare` folds it. It proves nothing: where it stands must tell, too."""
    return _OUR_LAYOUT(raw_field) is not None


def assemble(unsigned: Unsigned, signature: bytes) -> bytes:
    encoded = binascii.b2a_base64(signature, newline=False)
    lines = [encoded[start : start + _LINE] for start in range(0, len(encoded), _LINE)]
    return b"%b%b\r\n" % (unsigned.field, b"\r\n\t".join(lines))


def _signed_fields(fields: Fields) -> tuple[list[bytes], list[bytes]]:
    """The names for h=, and the canonical fields in that order: of several alike the lowest first (RFC 6376 5.4.2)."""
    found: dict[bytes, list[bytes]] = {}
    for name, raw in reversed(fields):
        if name in _ALL:
            found.setdefault(name, []).append(raw)
    names: list[bytes] = []
    signed: list[bytes] = []
    for name in _ALL:
        present = found.get(name, ())
        if present or name in _ALWAYS:
            names += [name] * (len(present) + 1)
            signed += [relaxed_field(name, raw) for raw in present]
    return names, signed


_ALL = dict.fromkeys((*_ALWAYS, *_WHEN_PRESENT))


def _folded_names(names: list[bytes]) -> bytes:
    lines: list[bytes] = []
    line = b""
    for name in names:
        if line and len(line) + len(name) >= _LINE:
            lines.append(line + b":")
            line = name
        else:
            line = b"%b:%b" % (line, name) if line else name
    lines.append(line)
    return b"\r\n\t ".join(lines)

"""A message on its way: the envelope, the bytes, and who handed it in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from wardmail.model.address import Address


class Body(Protocol):
    """The bytes after the blank line, held in memory or in a sealed spool file; may be read more than once."""

    @property
    def size(self) -> int: ...

    def chunks(self) -> Iterator[bytes]:
        """Blocking for spooled bodies: call from a thread when `is_spooled`."""
        ...

    @property
    def is_spooled(self) -> bool: ...


class SpooledBody(Body, Protocol):
    """A large body; `name` is what the spool finds it by, `key` what opens it and nothing else."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class MemoryBody:
    """A small body; `parts` are the buffers as they arrived, never joined into a copy."""

    parts: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))

    def chunks(self) -> Iterator[bytes]:
        return iter(self.parts)

    @property
    def is_spooled(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Recipient:
    """One RCPT command with its DSN wishes (RFC 3461). `notify` empty = not stated; `orcpt` as sent (xtext)."""

    address: Address
    notify: frozenset[str] = frozenset()
    orcpt: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """`sender` is None for the null reverse-path. `ret` is FULL or HDRS; `envid` as sent (xtext)."""

    sender: Address | None
    recipients: tuple[Recipient, ...]
    ret: str | None = None
    envid: str | None = None
    eight_bit: bool = False
    smtputf8: bool = False
    require_tls: bool = False


@dataclass(frozen=True, slots=True)
class TlsSession:
    """What a TLS connection came to: `version` as `TLSv1.3`, `cipher` in OpenSSL's spelling."""

    version: str
    cipher: str
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a submission came from; `peer` is the IP address, `helo` what the client called itself."""

    integration_id: str
    username: str
    peer: str
    helo: str
    via: str
    tls: TlsSession | None = None


@dataclass(frozen=True, slots=True)
class SentAgain:
    """That a message is an earlier one, `first`, sent once more: who wanted it (a person, or a credential), and why."""

    first: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything that was handed in, before anything was decided.

    `head` is the raw header block, every line ended by CRLF, *without* the blank line that ends it; `received_at` is in
    seconds since the epoch, like every time in this project.
    """

    id: str
    origin: Origin
    envelope: Envelope
    head: bytes
    body: Body
    received_at: float
    again: SentAgain | None = None

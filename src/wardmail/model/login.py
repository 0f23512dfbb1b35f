"""How people prove who they are to the pages, and for how long that holds (SHARE-11, SHARE-12)."""

from __future__ import annotations

from dataclasses import dataclass

MOST_FAILURES = 8
"""After so many in a row the account is locked and its sessions end (SHARE-11)."""

BY_PROVIDER = "identity provider"
"""How a session was proved that an identity provider vouches for; the means that it named may follow."""

LOCKED_FOR = 900.0
IDLE = 1800.0
LONGEST = 12 * 3600.0
"""Seconds: of a lock, of a session that nobody uses, and of any session."""


@dataclass(frozen=True, slots=True)
class Login:
    """What is kept to check a log-in. `last_step` is the time step of the newest one-time code that was used."""

    person: str
    password_hash: str
    last_step: int = -1
    failures: int = 0
    locked_until: float = 0.0
    recovery_left: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """`token_hash` is all that is kept of the token: a copy of the database opens nothing. `proved_by` is in words."""

    token_hash: bytes
    person: str
    began_at: float
    seen_at: float
    peer: str
    proved_by: str = ""

    @property
    def name(self) -> str:
        """As lists show it."""
        return self.token_hash.hex()[:12]

    @property
    def is_by_provider(self) -> bool:
        return self.proved_by.startswith(BY_PROVIDER)

    def is_live(self, now: float) -> bool:
        return now < self.seen_at + IDLE and now < self.began_at + LONGEST


@dataclass(frozen=True, slots=True)
class SecondProof:
    """Besides the password: the time step of a one-time code, the hash of a recovery code, or a security key's ID with
    its new count of signatures. Each serves once."""

    step: int | None = None
    recovery_hash: bytes = b""
    key_id: bytes = b""
    key_count: int = 0

    @property
    def words(self) -> str:
        if self.key_id:
            return "security key"
        return "one-time code" if self.step is not None else "recovery code"


@dataclass(frozen=True, slots=True)
class SecurityKey:
    """What is kept to check a key's signatures (Web Authentication level 3): nothing of it is secret.

    `sign_count` is 0 for ever with keys that do not count, as passkeys that are synchronised.
    """

    person: str
    id: bytes
    name: str
    public_key: bytes
    sign_count: int
    added_at: float
    used_at: float | None = None

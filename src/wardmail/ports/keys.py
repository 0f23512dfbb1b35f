"""What is asked of keystores: secrets by reference, signatures, and content that is sealed at rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Secrets(Protocol):
    def reveal(self, reference: str) -> bytes:
        """What a reference (`model.secret_reference`) stands for; may block. Unavailable names only the reference."""
        ...

    def forget(self, reference: str) -> None:
        """It did not serve: its store is asked again next time."""


class SigningKey(Protocol):
    """A DKIM key; `algorithm` is `rsa-sha256` or `ed25519-sha256`. A remote one blocks, and may be Unavailable."""

    @property
    def domain(self) -> str: ...

    @property
    def selector(self) -> str: ...

    @property
    def algorithm(self) -> str: ...

    @property
    def is_remote(self) -> bool: ...

    def sign(self, data: bytes) -> bytes:
        """The raw signature over `data` (RFC 6376 section 3.3, RFC 8463 section 3); hashing is the key's affair."""
        ...


class Signer(Protocol):
    def keys_for(self, domain: str) -> Sequence[SigningKey]:
        """The active keys of exactly this sender domain; empty when it has none."""
        ...


class Blinder(Protocol):
    """Makes clues (`model.clue`) of search terms: who has the clues alone learns no term, not even by guessing it."""

    def blinded(self, terms: Sequence[str], at: float) -> Sequence[int]:
        """By the key of the month of `at`, in the order of the terms. Raises Unavailable."""
        ...

    def blinded_ever(self, terms: Sequence[str]) -> Sequence[Sequence[int]]:
        """What the terms became in each month whose key there is, the newest first. Raises Unavailable."""
        ...


class Sealer(Protocol):
    """Seals content at rest under the data key of a `group`; `context` binds it to its place: elsewhere it stays shut."""

    def seal(self, parts: Sequence[bytes], context: bytes, group: str) -> bytes: ...

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises Unavailable when the key is gone or the bytes were changed."""
        ...

"""Fetches the master key that opens the keystore, from wherever the settings say that it is."""

from __future__ import annotations

import base64
import binascii
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from wardmail.edges.local_secrets import ask_passphrase, read_reference
from wardmail.edges.outside_stores import OutsideStores
from wardmail.model.refusal import Unavailable
from wardmail.model.secret_reference import scheme_of

_RAW = "wardmail-master-1:"
_SHORTEST_PASSPHRASE = 16
_SCRYPT_COST = 2**16  # 64 MiB and about 0.2 s: paid once when a process starts


class MasterKey:
    """A random key or a passphrase; never shown by `repr`."""

    __slots__ = ("_is_random", "_secret")

    def __init__(self, text: bytes) -> None:
        """Raises ValueError when the text is neither a generated key nor a passphrase of at least 16 characters."""
        self._is_random = text.startswith(_RAW.encode())
        if self._is_random:
            try:
                self._secret = base64.b64decode(text[len(_RAW) :], validate=True)
            except binascii.Error:
                raise ValueError("the master key is damaged") from None
            if len(self._secret) != 32:
                raise ValueError("the master key is damaged")
            return
        if len(text) < _SHORTEST_PASSPHRASE:
            raise ValueError(f"a passphrase has at least {_SHORTEST_PASSPHRASE} characters")
        self._secret = text

    def derive(self, salt: bytes) -> bytes:
        """The 256-bit key of one keystore, which has its own salt; scrypt (RFC 7914) for a passphrase."""
        if self._is_random:
            return HKDF(hashes.SHA256(), 32, salt, b"wardmail keystore").derive(self._secret)
        return Scrypt(salt=salt, length=32, n=_SCRYPT_COST, r=8, p=1).derive(self._secret)


def new_master_key() -> bytes:
    """The text of a new random master key, for a file of mode 0600 or a credential."""
    return _RAW.encode() + base64.b64encode(secrets.token_bytes(32)) + b"\n"


def master_key(reference: str, stores: OutsideStores | None = None) -> MasterKey:
    """`file:PATH` (mode 0600), `env:NAME`, `credential:NAME`, `prompt:`, or with `stores` also `vault:…` and `azure:…`.

    Raises Unavailable, which names the reference only.
    """
    try:
        return MasterKey(_read(reference, stores))
    except ValueError as error:
        raise Unavailable(f"the master key ({reference})", error) from None


def _read(reference: str, stores: OutsideStores | None) -> bytes:
    scheme = scheme_of(reference)
    if scheme == "prompt":
        return ask_passphrase("Passphrase of the keystore")
    if stores is not None and scheme in {"vault", "azure"}:
        return stores.read(reference).secret
    return read_reference(reference, owner_only=True).secret

"""Fetches the master key that opens the keystore, from a file, the environment or a systemd credential."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from wardmail.model.refusal import Unavailable

_RAW = "wardmail-master-1:"
_LARGEST = 64 * 1024
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


def master_key(reference: str) -> MasterKey:
    """`file:PATH` (mode 0600), `env:NAME` or `credential:NAME`. Raises Unavailable, which names the reference only."""
    try:
        return MasterKey(read_reference(reference, owner_only=True))
    except ValueError as error:
        raise Unavailable(f"the master key ({reference})", error) from None


def read_reference(reference: str, *, owner_only: bool = False) -> bytes:
    """What stands behind a reference that needs no keystore, without the line end. Raises Unavailable.

    A file that others can read is refused; with `owner_only`, one that its group can read as well.
    """
    kind, _, name = reference.partition(":")
    part = f"the secret {reference}"
    if kind == "file" and name:
        found = _read_file(Path(name), part, forbidden=0o077 if owner_only else 0o007)
    elif kind == "credential" and name and "/" not in name:
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise Unavailable(part, "no systemd credentials were passed ($CREDENTIALS_DIRECTORY is not set)")
        # systemd itself gives the directory to the service alone (systemd.exec(5)).
        found = _read_file(Path(directory, name), part, forbidden=0)
    elif kind == "env" and name:
        found = os.environ.get(name, "").encode()
    else:
        raise Unavailable("a secret", "its reference is not file:PATH, env:NAME, credential:NAME or keystore:NAME")
    found = found.removesuffix(b"\n").removesuffix(b"\r")
    if not found:
        raise Unavailable(part, "it is empty or not set")
    return found


def _read_file(path: Path, part: str, forbidden: int) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & forbidden:
                raise Unavailable(part, f"others can read it (mode {mode:04o}): chmod 600 it")
            return file.read(_LARGEST)
    except OSError as error:
        raise Unavailable(part, error.strerror or "it cannot be read") from None

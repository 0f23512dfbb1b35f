"""The server's side of SASL PLAIN, LOGIN and SCRAM-SHA-256: responses go in, challenges and claims come out."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scramp import ScramException, ScramMechanism

from wardmail.model.integration import Credential
from wardmail.model.refusal import Unavailable

SCRAM_ITERATIONS = 4096
SCRAM_SALT_LENGTH = 16
"""Every credential is made with these two: an unknown user name, answered with a decoy, must look the same."""

_LONGEST_NAME = 255
_LONGEST_SECRET = 1024


@dataclass(frozen=True, slots=True)
class Challenge:
    """To be sent; the client's answer goes into the next `step`."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A user name and a secret, still to be checked."""

    username: str
    secret: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The client knows the secret of this credential; whether the credential is good now is still to be asked."""

    credential: Credential


@dataclass(frozen=True, slots=True)
class Disproof:
    """The client named a user and could not prove the secret."""

    username: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """Not what the mechanism prescribes; `why` may be told to the client."""

    why: str


Step = Challenge | Claim | Proof | Disproof | Malformed
Lookup = Callable[[str], Credential | None]


class Exchange(Protocol):
    """One run of a mechanism."""

    def step(self, response: bytes | None) -> Step:
        """`None` says that there was no initial response. May raise Unavailable (SCRAM looks a credential up)."""
        ...


class Plain:
    """RFC 4616."""

    def step(self, response: bytes | None) -> Step:
        if response is None:
            return Challenge(b"")
        parts = response.split(b"\0")
        if len(parts) != 3:
            return Malformed("PLAIN takes three parts, separated by NUL")
        authorisation, username, secret = parts
        if authorisation and authorisation != username:
            return Malformed("Acting for somebody else is not offered: leave the authorisation identity empty")
        return _claim(username, secret)


class Login:
    """draft-murchison-sasl-login: obsolete, and all that some mail libraries know."""

    def __init__(self) -> None:
        self._username: bytes | None = None

    def step(self, response: bytes | None) -> Step:
        if response is None:
            return Challenge(b"Username:")
        if self._username is None:
            self._username = response
            return Challenge(b"Password:")
        return _claim(self._username, response)


class Scram:
    """RFC 5802 and RFC 7677. An unknown user name runs against a decoy that is the same every time for that name.

    `nonce` is printable, random and fresh; `decoy_key` is random, secret and stays the same while the process lives.
    """

    def __init__(self, lookup: Lookup, nonce: str, decoy_key: bytes) -> None:
        self._lookup = lookup
        self._decoy_key = decoy_key
        self._credential: Credential | None = None
        self._username = ""
        self._server = ScramMechanism("SCRAM-SHA-256").make_server(self._keys_of, s_nonce=nonce)
        self._moves = iter((self._begin, self._prove, self._finish))

    def step(self, response: bytes | None) -> Step:
        if response is None:
            return Challenge(b"")
        try:
            return next(self._moves)(response.decode())
        except UnicodeDecodeError:
            return Malformed("SCRAM messages are UTF-8")
        except ScramException as fault:
            if isinstance(fault.__cause__, Unavailable):
                raise fault.__cause__ from None
            return Malformed("Not a SCRAM-SHA-256 message")

    def _begin(self, message: str) -> Step:
        self._server.set_client_first(message)
        return Challenge(self._server.get_server_first().encode())

    def _prove(self, message: str) -> Step:
        try:
            self._server.set_client_final(message)
        except ScramException:
            return Disproof(self._username)
        return Challenge(self._server.get_server_final().encode())

    def _finish(self, message: str) -> Step:
        if message or self._credential is None:
            return Malformed("The last response of SCRAM is empty")
        return Proof(self._credential)

    def _keys_of(self, username: str) -> tuple[bytes, bytes, bytes, int]:
        self._username = username[:_LONGEST_NAME]
        decoy = self._decoy(username)
        self._credential = known = self._lookup(self._username)
        if known is None:
            return decoy
        return known.scram_salt, known.scram_stored_key, known.scram_server_key, known.scram_iterations

    def _decoy(self, username: str) -> tuple[bytes, bytes, bytes, int]:
        salt, stored, server = (
            hmac.digest(self._decoy_key, purpose + username.encode(), "sha256") for purpose in (b"a", b"b", b"c")
        )
        return salt[:SCRAM_SALT_LENGTH], stored, server, SCRAM_ITERATIONS


def derive_scram_keys(secret: str, salt: bytes) -> tuple[bytes, bytes]:
    """StoredKey and ServerKey for a new credential (RFC 5802 section 3), by SCRAM_ITERATIONS rounds."""
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hashlib.sha256(client_key).digest(), hmac.digest(salted, b"Server Key", "sha256")


def _claim(username: bytes, secret: bytes) -> Claim | Malformed:
    if not 0 < len(username) <= _LONGEST_NAME or not 0 < len(secret) <= _LONGEST_SECRET:
        return Malformed("User name or secret is missing or too long")
    try:
        name, word = username.decode(), secret.decode()
    except UnicodeDecodeError:
        return Malformed("User name and secret are UTF-8")
    return Claim(name, word) if name.isprintable() and "\0" not in word else Malformed("User name is not printable")

"""A PKCS #11 token (a hardware security module, or SoftHSM): data objects as secrets, and keys that sign on it."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from wardmail.edges.revealed import PublicKey, Revealed, public_key_of, rsa_key, shown_key
from wardmail.model.refusal import Unavailable
from wardmail.model.secret_reference import TokenObject

_PART = "the PKCS #11 token"
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 section 9.2, note 1


@dataclass(frozen=True, slots=True)
class Pkcs11Settings:
    """`module` is the library of the token's maker, `pin` a reference, `token` the label when a reference has none."""

    module: str
    pin: str = ""
    token: str = ""


class Pkcs11Token:
    """One session at a time, kept open. Blocking; safe for threads.

    Made after a fork and not before: a token's library does not survive one (PKCS #11 v2.40, section 6.6 of the guide).
    A PIN that was wrong is not tried again by this process, because a token locks itself after a few.
    """

    def __init__(self, settings: Pkcs11Settings, reveal: Callable[[str], bytes]) -> None:
        self._settings = settings
        self._reveal = reveal
        self._lock = threading.Lock()
        self._sessions: dict[str, Any] = {}
        self._wrong_pin = b""

    def read(self, wanted: TokenObject) -> Revealed:
        """A data object (CKO_DATA)."""
        with self._session(wanted) as (api, session):
            found = self._only(session, api, wanted, api.ObjectClass.DATA)
            return Revealed(bytes(found[api.Attribute.VALUE]))

    def public_key(self, wanted: TokenObject) -> PublicKey:
        with self._session(wanted) as (api, session):
            found = self._only(session, api, wanted, api.ObjectClass.PUBLIC_KEY)
            try:
                if found.key_type == api.KeyType.RSA:
                    modulus = int.from_bytes(found[api.Attribute.MODULUS], "big")
                    return public_key_of(rsa_key(modulus, int.from_bytes(found[api.Attribute.PUBLIC_EXPONENT], "big")))
                # An OCTET STRING around the 32 octets, which some modules leave out.
                return public_key_of(shown_key(bytes(found[api.Attribute.EC_POINT])[-32:]))
            except ValueError as error:
                raise Unavailable(_PART, error) from None

    def sign(self, wanted: TokenObject, algorithm: str, digest: bytes) -> bytes:
        with self._session(wanted) as (api, session):
            found = self._only(session, api, wanted, api.ObjectClass.PRIVATE_KEY)
            if algorithm == "rsa-sha256":
                return bytes(found.sign(_SHA256_INFO + digest, mechanism=api.Mechanism.RSA_PKCS))
            return bytes(found.sign(digest, mechanism=api.Mechanism.EDDSA))

    @contextmanager
    def _session(self, wanted: TokenObject) -> Iterator[tuple[Any, Any]]:
        try:
            import pkcs11
            from pkcs11.exceptions import PKCS11Error
        except ImportError:
            raise Unavailable(_PART, "the extra wardmail[hsm] is not installed") from None
        label = wanted.token or self._settings.token
        with self._lock:
            try:
                yield pkcs11, self._open(pkcs11, label)
            except Unavailable:
                raise
            except (PKCS11Error, OSError, RuntimeError, AttributeError) as error:
                # The token was pulled, or its session ended: the next caller opens another.
                self._sessions.pop(label, None)
                raise Unavailable(_PART, type(error).__name__) from None

    def _open(self, api: Any, label: str) -> Any:
        if label in self._sessions:
            return self._sessions[label]
        if not self._settings.module:
            raise Unavailable(_PART, "pkcs11.module is not set")
        pin = self._reveal(self._settings.pin) if self._settings.pin else b""
        if self._wrong_pin and hmac.compare_digest(_hash(pin), self._wrong_pin):
            raise Unavailable(_PART, "its PIN was wrong before, and is not tried again: mend it")
        token = api.lib(self._settings.module).get_token(token_label=label)
        try:
            session = token.open(user_pin=pin.decode("utf-8", "replace") or None)
        except api.exceptions.UserAlreadyLoggedIn:
            session = token.open()  # a log-in holds for all sessions of a process
        except api.exceptions.PinIncorrect:
            self._wrong_pin = _hash(pin)
            raise Unavailable(_PART, "its PIN is wrong") from None
        self._sessions[label] = session
        return session

    def _only(self, session: Any, api: Any, wanted: TokenObject, kind: Any) -> Any:
        attributes: dict[Any, object] = {api.Attribute.CLASS: kind}
        if wanted.label:
            attributes[api.Attribute.LABEL] = wanted.label
        if wanted.id:
            attributes[api.Attribute.ID] = wanted.id
        found = list(session.get_objects(attributes))
        if len(found) != 1:
            raise Unavailable(
                _PART, "it has no such object" if not found else "it has several such objects: name one by id"
            )
        return found[0]


def _hash(pin: bytes) -> bytes:
    return hashlib.sha256(pin).digest()

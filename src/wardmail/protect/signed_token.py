"""Checks the signature of a JSON Web Token (RFC 7515, RFC 7519) by public keys alone, as RFC 8725 asks."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

Jwk = Mapping[str, Any]
"""A public key as RFC 7517 writes it."""

_FITTING = {
    "RS256": ("RSA", ""),
    "PS256": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
"""What we take, with the kind of key that each needs: a secret shared with the other side proves nobody, `none` less."""

ALGORITHMS = tuple(_FITTING)
_KINDS: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_LONGEST = 64 * 1024
_LEAST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class BadToken:
    """`why` holds nothing of the token."""

    why: str
    is_key_unknown: bool = False


def claims_of(token: str, keys: Sequence[Jwk]) -> Mapping[str, Any] | BadToken:
    """What the token says, when one of the keys has signed it. Whom and when it is for, the caller checks."""
    if not token.isascii() or len(token) > _LONGEST:
        return BadToken("it is no token")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        return BadToken(f"it cannot be read ({type(error).__name__})")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _FITTING:
        return BadToken("it is signed by an algorithm that is not taken")
    fitting = [each for each in keys if _fits(each, algorithm, header.get("kid"))]
    if len(fitting) != 1:  # by the key's name, or because there is but one: a signature is not tried by all of them
        return BadToken("no single key fits it", is_key_unknown=True)
    return _verified(token, algorithm, fitting[0])


def subject_named(token: str) -> str:
    """Whom a token claims to be of, before anything of it is proved: only to look up the key by which it is checked."""
    try:
        payload = json.loads(jws.extract_compact(token.encode()).payload) if len(token) <= _LONGEST else {}
    except (JoseError, ValueError, RecursionError):
        return ""
    subject = payload.get("sub") if isinstance(payload, dict) else ""
    return subject if isinstance(subject, str) else ""


def moment_of(claim: object) -> float | None:
    """A NumericDate (RFC 7519 section 2) in seconds since the epoch; None for what is none."""
    is_one = isinstance(claim, int | float) and not isinstance(claim, bool) and 0 <= claim < 2**53
    return float(claim) if is_one else None  # type: ignore[arg-type]


def is_usable_key(key: Jwk) -> bool:
    """Whether signatures of a client can be checked by it: public, of a kind that we take, and long enough."""
    return any(_fits(key, algorithm, None) for algorithm in ALGORITHMS) and isinstance(_imported(key), _Checked)


_Checked = RSAKey | ECKey | OKPKey


def _verified(token: str, algorithm: str, jwk: Jwk) -> Mapping[str, Any] | BadToken:
    key = _imported(jwk)
    if isinstance(key, BadToken):
        return key
    try:
        with _without_advice():
            registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
            claims = jwt.decode(token, key, registry=registry).claims
    except (JoseError, ValueError, TypeError) as error:
        return BadToken(f"its signature does not hold ({type(error).__name__})")
    return claims


def _imported(jwk: Jwk) -> _Checked | BadToken:
    try:
        with _without_advice():
            key = _KINDS[str(jwk["kty"])].import_key(dict(jwk))
        if isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS:
            return BadToken("its key is too short")
    except (JoseError, ValueError, TypeError, KeyError) as error:
        return BadToken(f"its key cannot be read ({type(error).__name__})")
    return key


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """The library warns of what we refuse ourselves, and of EdDSA, for which providers do not have RFC 9864's name yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        yield


def _fits(jwk: Jwk, algorithm: str, kid: object) -> bool:
    kind, curve = _FITTING[algorithm]
    return (
        jwk.get("kty") == kind
        and (not curve or jwk.get("crv") == curve)
        and jwk.get("use") in (None, "sig")
        and jwk.get("alg") in (None, algorithm)
        and "d" not in jwk
        and (kid is None or jwk.get("kid") == kid)
    )

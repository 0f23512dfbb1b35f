"""Judges the ID token of an identity provider: is it for us, of now, of this log-in, and whom does it vouch for?

OpenID Connect Core 1.0 section 3.1.3.7, by its step numbers; steps 1, 4 and 6 to 8 are `signed_token`'s and the caller's.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any

from wardmail.model.provider_login import TENANT, NotLetIn, ProvedSubject, ProviderTerms
from wardmail.protect.signed_token import moment_of

LEEWAY = 60.0
"""Seconds by which two clocks may differ."""

_OLDEST = 600.0
"""Seconds since a token was issued: it is read as soon as it is made."""

_LONGEST_NAME = 255
_MOST_GROUPS = 1_000
_METHOD = re.compile(r"[A-Za-z0-9_.:/-]{1,40}").fullmatch
"""A method as it is shown to people."""

Claims = Mapping[str, Any]


def proved_subject(
    claims: Claims, terms: ProviderTerms, issuer: str, nonce: str, now: float
) -> ProvedSubject | NotLetIn:
    """`issuer` as discovery names it; `nonce` is of the log-in that this browser began."""
    return (
        _wrong_issuer(claims, terms, issuer)
        or _wrong_audience(claims, terms)
        or _wrong_time(claims, now)
        or _wrong_nonce(claims, nonce)
        or _no_second_factor(claims, terms)
        or _subject(claims, terms)
    )


def _wrong_issuer(claims: Claims, terms: ProviderTerms, issuer: str) -> NotLetIn | None:
    """Step 2. Of a provider for many tenants, only the tenants that are named."""
    if TENANT in issuer:
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or tenant not in terms.tenants:
            return NotLetIn(
                "WM-OIDC-TENANT",
                "Your organisation's accounts are not let in here.",
                "Log in with an account of the organisation that runs this gateway.",
            )
        issuer = issuer.replace(TENANT, tenant)
    if claims.get("iss") != issuer:
        return NotLetIn("WM-OIDC-ISSUER", "The answer did not come from the provider that was asked.")
    return None


def _wrong_audience(claims: Claims, terms: ProviderTerms) -> NotLetIn | None:
    """Steps 3 to 5: for us, and for nobody else."""
    audience = claims.get("aud")
    is_ours = audience in (terms.client_id, [terms.client_id])
    if not is_ours or claims.get("azp", terms.client_id) != terms.client_id:
        return NotLetIn("WM-OIDC-AUDIENCE", "The provider's answer was made for another application.")
    return None


def _wrong_time(claims: Claims, now: float) -> NotLetIn | None:
    """Steps 9 and 10."""
    begins, ends, made = moment_of(claims.get("nbf", 0)), moment_of(claims.get("exp")), moment_of(claims.get("iat"))
    if begins is None or ends is None or made is None:
        return NotLetIn("WM-OIDC-TIME", "The provider's answer does not say from when it is.")
    if now >= ends + LEEWAY or made < now - _OLDEST - LEEWAY or max(made, begins) > now + LEEWAY:
        return NotLetIn(
            "WM-OIDC-TIME",
            "The provider's answer is too old, or its clock and ours do not agree.",
            "Log in again. If it stays so, the mail team compares both clocks.",
        )
    return None


def _wrong_nonce(claims: Claims, nonce: str) -> NotLetIn | None:
    """Step 11."""
    told = claims.get("nonce")
    if not isinstance(told, str) or not hmac.compare_digest(told.encode("utf-8", "replace"), nonce.encode()):
        return NotLetIn("WM-OIDC-NONCE", "The provider's answer belongs to another log-in.", "Log in again.")
    return None


def _no_second_factor(claims: Claims, terms: ProviderTerms) -> NotLetIn | None:
    """Step 12, and RFC 8176 for `amr`."""
    if not terms.amr and not terms.acr:
        return None
    by_method = any(each in terms.amr for each in _listed(claims, "amr"))
    if by_method or claims.get("acr") in terms.acr:
        return None
    return NotLetIn(
        "WM-OIDC-SECOND-FACTOR",
        "The provider did not say that you used a second factor, and nobody is let in without one.",
        "Set up a second factor with your organisation's account, and log in again.",
    )


def _subject(claims: Claims, terms: ProviderTerms) -> ProvedSubject | NotLetIn:
    subject = claims.get(terms.subject_claim)
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_NAME:
        return NotLetIn("WM-OIDC-SUBJECT", "The provider's answer does not say for certain who you are.")
    groups = _groups(claims, terms.groups_claim)
    if isinstance(groups, NotLetIn):
        return groups
    how = " ".join(each for each in _listed(claims, "amr") if _METHOD(each))[:60]
    name, username, email = (_text(claims, each) for each in ("name", "preferred_username", "email"))
    return ProvedSubject(str(claims["iss"]), subject, groups, name, username, email, how)


def _groups(claims: Claims, name: str) -> frozenset[str] | NotLetIn:
    """Of somebody in more than 200 groups, Entra ID tells none and says where to ask: that is not "no groups"."""
    elsewhere = claims.get("_claim_names")
    if (isinstance(elsewhere, dict) and name in elsewhere) or claims.get("hasgroups"):
        return NotLetIn(
            "WM-OIDC-GROUPS-OVERAGE",
            "You are in more groups than the provider puts into its answer, so your role cannot be known.",
            "The mail team has the provider send only groups assigned to this application, or app roles.",
        )
    told = claims.get(name, [])
    groups = [told] if isinstance(told, str) else told
    if not isinstance(groups, list) or len(groups) > _MOST_GROUPS or not all(isinstance(each, str) for each in groups):
        return NotLetIn("WM-OIDC-GROUPS", "The provider told your groups in a form that is not understood.")
    return frozenset(groups)


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value.strip()[:_LONGEST_NAME] if isinstance(value, str) and value.isprintable() else ""


def _listed(claims: Claims, name: str) -> list[str]:
    value = claims.get(name)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

"""Stage 2: who is this? A user name and a secret become an identity, or a refusal that tells nothing."""

from __future__ import annotations

import hmac
from dataclasses import replace
from ipaddress import ip_address, ip_network

from wardmail.model.identity import Identity
from wardmail.model.integration import Credential, IntegrationState
from wardmail.model.refusal import Refusal
from wardmail.model.register import RegisterSnapshot
from wardmail.policy.rules import DRAFT_REFUSED, RETIRED_REFUSED, SUSPENDED_REFUSED
from wardmail.protect.credentials import secret_hash

_CLOSED = {
    IntegrationState.DRAFT: DRAFT_REFUSED,
    IntegrationState.SUSPENDED: SUSPENDED_REFUSED,
    IntegrationState.RETIRED: RETIRED_REFUSED,
}
_NOBODY = bytes(32)


def rejected(private: str) -> Refusal:
    """The same words whatever was wrong: a guesser learns nothing, the audit learns why."""
    return Refusal(535, "5.7.8", "Authentication credentials invalid", "WM-AUTH-INVALID", private)


def authenticate(
    snapshot: RegisterSnapshot, pepper: bytes, username: str, secret: str, *, peer: str, now: float
) -> Identity | Refusal:
    """Check a secret in constant time; an unknown user name costs as much as a wrong secret."""
    credential = snapshot.credentials.get(username)
    expected = credential.secret_hash if credential else _NOBODY
    proved = hmac.compare_digest(secret_hash(pepper, secret), expected)
    if credential is None or not proved:
        return rejected("wrong secret" if credential else "unknown user name")
    return admit(snapshot, credential, peer, now)


def admit(snapshot: RegisterSnapshot, credential: Credential, peer: str, now: float) -> Identity | Refusal:
    """After the proof: revoked? expired? from an allowed network? an active integration?"""
    current = snapshot.credentials.get(credential.username)
    if current is None or current.revoked_at is not None:
        return rejected("credential revoked")
    if current.expires_at is not None and current.expires_at <= now:
        return Refusal(535, "5.7.8", "This credential has expired; ask the mail team for a new one", "WM-AUTH-EXPIRED")
    integration = snapshot.integrations.get(current.integration_id)
    if integration is None:
        return rejected("the credential's integration is gone")
    if not _is_within(peer, current.networks) or not _is_within(peer, integration.networks):
        return rejected(f"{peer} is outside the allowed networks")
    closed = _CLOSED.get(integration.state)
    if closed is not None:
        return replace(closed, code=535)
    return Identity(integration, current)


def _is_within(peer: str, networks: tuple[str, ...]) -> bool:
    if not networks:
        return True
    address = ip_address(peer)
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ip_network(network) for network in networks)

"""Who is talking to us: an integration, proved by one of its credentials."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.integration import Credential, Integration


@dataclass(frozen=True, slots=True)
class Identity:
    """The result of authentication; everything later is asked of the integration, never of a network address."""

    integration: Integration
    credential: Credential

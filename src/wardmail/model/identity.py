"""Who is talking to us: an integration, proved by one of its credentials."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.integration import Credential, Integration


@dataclass(frozen=True, slots=True)
class Identity:
    """The result of authentication; everything later is asked of the integration, never of a network address."""

    integration: Integration
    credential: Credential

    @property
    def reach(self) -> str:
        """Whose messages it may see besides being the integration's: a test credential those alone that came with it."""
        return self.credential.username if self.credential.is_test else ""

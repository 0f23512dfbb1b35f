"""Webhooks of integrations: made, tried, their secrets changed, paused and removed, by command or by the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from secrets import token_hex

from wardmail.app.failures import CONFLICT, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.app.webhook_output import as_record, existing, stop_or_resume
from wardmail.edges.endpoint_poster import SignedPoster
from wardmail.manage.webhooks import SigningSecret, endpoint_problem, make_secret, new_endpoint_id
from wardmail.model.person import Person
from wardmail.model.reading import Record
from wardmail.model.webhook_endpoint import Telling, WebhookEndpoint

_ROTATION = 2


class WebhookOffice:
    """Everything here but `test` blocks. Raises CommandFailed for what cannot be done."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def all(self, integration: str) -> list[Record]:
        self._require_integration(integration)
        found = self._installation.webhooks.all()
        return [as_record(each) for each in found if each.integration == integration]

    def add(
        self,
        actor: Person,
        integration: str,
        url: str,
        *,
        types: Sequence[str],
        ed25519: bool,
        allow_private: bool,
        ca_file: str | None = None,
    ) -> dict[str, object]:
        """With the secret, this once: the shared one, or the public key."""
        self._require_integration(integration)
        problem = endpoint_problem(url, types)
        if problem:
            raise CommandFailed("WM-WEBHOOK", problem, "Mend it and try again.", USAGE)
        secret, name = make_secret(public=ed25519), new_endpoint_id()
        reference = self._keep(name, secret)
        endpoint = WebhookEndpoint(name, integration, url, (reference,), tuple(types), allow_private, ca_file)
        self._installation.webhooks.add(endpoint, actor.id)
        return as_record(endpoint) | {"secret": secret.told}

    def rotate(self, actor: Person, endpoint_id: str, *, ed25519: bool, reason: str) -> dict[str, object]:
        """With a new secret, this once; both sign until `finish`."""
        endpoint = existing(self._installation, endpoint_id)
        if len(endpoint.signing_refs) >= _ROTATION:
            to_do = "End the change first: `wardmail webhook rotate-secret ID --finish`."
            raise CommandFailed("WM-WEBHOOK-ROTATING", "Two secrets are in use already.", to_do, CONFLICT)
        secret = make_secret(public=ed25519)
        reference = self._keep(endpoint.id, secret)
        refs = (reference, *endpoint.signing_refs)
        try:
            self._sign_with(actor, endpoint, refs, reason)
        except CommandFailed:
            self._forget((reference,))
            raise
        return as_record(replace(endpoint, signing_refs=refs)) | {"secret": secret.told}

    def finish(self, actor: Person, endpoint_id: str, reason: str) -> dict[str, object]:
        """The receiver has the new secret: sign with it alone."""
        endpoint = existing(self._installation, endpoint_id)
        refs = endpoint.signing_refs[:1]
        self._sign_with(actor, endpoint, refs, reason)
        self._forget(endpoint.signing_refs[1:])
        return as_record(replace(endpoint, signing_refs=refs))

    def stop(self, actor: Person, endpoint_id: str, *, stopped: str, reason: str) -> dict[str, object]:
        """`stopped` says why it is told nothing; empty: it is told again, also of what happened meanwhile."""
        endpoint = existing(self._installation, endpoint_id)
        if not stop_or_resume(self._installation.webhooks, endpoint.id, stopped, actor.id, reason or stopped):
            raise _gone(endpoint_id)
        return as_record(replace(endpoint, stopped=stopped))

    def remove(self, actor: Person, endpoint_id: str, reason: str) -> None:
        endpoint = existing(self._installation, endpoint_id)
        self._installation.webhooks.remove(endpoint, actor.id, reason)
        self._forget(endpoint.signing_refs)

    def require(self, integration: str, endpoint_id: str) -> None:
        """That it is this integration's."""
        if existing(self._installation, endpoint_id).integration != integration:
            raise _gone(endpoint_id)

    async def test(self, endpoint_id: str) -> dict[str, object]:
        """Posts one event of the type wardmail.test now. `answer` is the receiver's status, or why there was none."""
        endpoint = await asyncio.to_thread(existing, self._installation, endpoint_id)
        now = self._installation.clock.now()
        payload = json.dumps({"type": "wardmail.test", "timestamp": rfc3339(now), "data": {}})
        poster = SignedPoster(self._installation.secrets, self._installation.clock)
        answer = await poster.post(endpoint, Telling(endpoint.id, 0, "wardmail.test", payload, now))
        return {"id": endpoint.id, "taken": isinstance(answer, int) and 200 <= answer < 300, "answer": answer}

    def _require_integration(self, name: str) -> None:
        if name not in self._installation.register.snapshot().integrations:
            raise not_found("integration", name, "wardmail integration list")

    def _sign_with(self, actor: Person, endpoint: WebhookEndpoint, refs: tuple[str, ...], reason: str) -> None:
        """Raises CommandFailed when the secrets are not those that `endpoint` was read with: another person rotates too."""

        def rotated(each: WebhookEndpoint) -> WebhookEndpoint:
            if each.signing_refs != endpoint.signing_refs:
                raise CommandFailed(
                    "WM-WEBHOOK-ROTATING",
                    "Somebody else changed its secrets just now.",
                    "See `webhook list`.",
                    CONFLICT,
                )
            return replace(each, signing_refs=refs)

        if self._installation.webhooks.change(endpoint.id, rotated, "WebhookSecretRotated", actor.id, reason) is None:
            raise _gone(endpoint.id)

    def _keep(self, name: str, secret: SigningSecret) -> str:
        """Under a name of its own: of two who rotate at once, neither may replace what the other was shown."""
        entry, now = f"webhook-{name}-{token_hex(4)}", self._installation.clock.now()
        self._installation.keystore.put(entry, "route-secret", secret.kept.encode(), since=str(now))
        return f"keystore:{entry}"

    def _forget(self, references: Sequence[str]) -> None:
        for reference in references:
            self._installation.keystore.delete(reference.removeprefix("keystore:"))


def _gone(endpoint_id: str) -> CommandFailed:
    return not_found("webhook", endpoint_id, "wardmail webhook list")

"""Integrations, their go-live tasks and their credentials, as people see and change them by the API."""

from __future__ import annotations

from wardmail.app.commands.integration.going_live import task_record
from wardmail.app.commands.integration.listing import credential_state, record_of
from wardmail.app.commands.integration.records import (
    changed_or_failed,
    credentials_of,
    desk_of,
    existing,
    seen_of,
)
from wardmail.app.failures import CONFLICT, CommandFailed, not_found, not_permitted
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.manage.going_live import tasks
from wardmail.manage.integrations import BadInput, Forbidden, NewCredential
from wardmail.model.integration import Credential, Integration
from wardmail.model.person import Person
from wardmail.model.reading import Page, Record
from wardmail.model.register import RegisterSnapshot
from wardmail.model.registration import Ask, Matter


class IntegrationOffice:
    """Everything here blocks, and raises CommandFailed for what cannot be done."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def page(self, after: str, limit: int) -> Page:
        snapshot = self._installation.register.snapshot()
        names = sorted(name for name in snapshot.integrations if name > after)
        shown = [record_of(self._installation, snapshot.integrations[name]) for name in names[:limit]]
        return Page(shown, names[limit - 1] if len(names) > limit else "")

    def one(self, name: str) -> Record:
        return record_of(self._installation, existing(self._installation.register.snapshot(), name))

    def tasks(self, name: str) -> list[Record]:
        integration = existing(self._installation.register.snapshot(), name)
        return [task_record(name, each) for each in tasks(integration, seen_of(self._installation, integration))]

    def tick(self, actor: Person, name: str, task: str, reason: str, evidence: str) -> list[Record]:
        done = desk_of(self._installation).tick(actor, name, task, reason, evidence)
        changed_or_failed(done, name, "WM-TASK")
        return self.tasks(name)

    def untick(self, actor: Person, name: str, task: str, reason: str) -> list[Record]:
        changed_or_failed(desk_of(self._installation).untick(actor, name, task, reason), name, "WM-TASK")
        return self.tasks(name)

    def take(self, actor: Person, name: str, step: str, reason: str) -> Record:
        """One of `manage.integration_desk.STEPS`."""
        done = desk_of(self._installation).take(actor, name, step, reason)
        return _moved(changed_or_failed(done, name, "WM-INTEGRATION-STATE"))

    def ask_to_go_live(self, actor: Person, name: str, reason: str) -> Record:
        done = desk_of(self._installation).ask(actor, name, Ask(Matter.GO_LIVE, "", 0, reason))
        return _moved(changed_or_failed(done, name, "WM-INTEGRATION-STATE")) | {"asked_by": actor.id}

    def approve_going_live(self, actor: Person, name: str, reason: str) -> Record:
        done = desk_of(self._installation).approve(actor, name, Matter.GO_LIVE, reason)
        return _moved(changed_or_failed(done, name, "WM-FOUR-EYES")) | {"approved_by": actor.id}

    def credentials(self, name: str) -> list[Record]:
        snapshot, now = self._installation.register.snapshot(), self._installation.clock.now()
        existing(snapshot, name)
        return [_credential(each, now) for each in credentials_of(snapshot, name)]

    def issue(
        self, actor: Person, name: str, *, username: str, lifetime_days: float | None, networks: tuple[str, ...]
    ) -> Record:
        """With the secret, this once."""
        existing(self._installation.register.snapshot(), name)
        desk = desk_of(self._installation)
        made = desk.issue(actor, name, username=username, lifetime_days=lifetime_days, networks=networks)
        return self._with_secret(made, name)

    def rotate(
        self, actor: Person, name: str, username: str, *, overlap_days: float, lifetime_days: float | None
    ) -> Record:
        """Another one in its place, with its secret, this once."""
        self._its(self._installation.register.snapshot(), name, username)
        desk = desk_of(self._installation)
        made = desk.rotate(actor, username, overlap_days=overlap_days, lifetime_days=lifetime_days)
        return self._with_secret(made, username)

    def revoke(self, actor: Person, name: str, username: str) -> Record:
        self._its(self._installation.register.snapshot(), name, username)
        done = desk_of(self._installation).revoke(actor, username)
        if isinstance(done, Forbidden):
            raise not_permitted(done.reason)
        if done is None:
            raise not_found("credential", username, f"wardmail integration show {name}")
        return _credential(done, self._installation.clock.now())

    def _with_secret(self, made: NewCredential | BadInput | Forbidden | None, name: str) -> Record:
        match made:
            case NewCredential(credential, secret):
                return dict(_credential(credential, self._installation.clock.now())) | {"secret": secret}
            case Forbidden(reason):
                raise not_permitted(reason)
            case BadInput(reason, code):
                raise CommandFailed(code or "WM-CREDENTIAL", reason, "Mend it and try again.", CONFLICT)
            case None:
                raise not_found("credential", name, "wardmail integration show NAME")

    def _its(self, snapshot: RegisterSnapshot, name: str, username: str) -> None:
        found = snapshot.credentials.get(username)
        if found is None or found.integration_id != name:
            raise not_found("credential", username, f"wardmail integration show {name}")


def _moved(integration: Integration) -> dict[str, object]:
    return {"integration": integration.id, "state": integration.state.value}


def _credential(each: Credential, now: float) -> Record:
    return {
        "username": each.username,
        "created_at": rfc3339(each.created_at),
        "expires_at": rfc3339(each.expires_at),
        "revoked_at": rfc3339(each.revoked_at),
        "state": credential_state(each, now).partition(" ")[0] if each.revoked_at else credential_state(each, now),
        "networks": list(each.networks),
    }

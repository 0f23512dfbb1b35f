"""Where people change integrations: commands, pages and programs all come here, so that one set of rules holds (RECV-8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wardmail.manage.credential_proofs import Proofs, with_proofs
from wardmail.manage.going_live import Seen, ticked, to_do, unticked
from wardmail.manage.integration_life import approved, asked, checked, moved, resumed
from wardmail.manage.integration_writing import not_allowed, rewritten
from wardmail.manage.integrations import (
    BadInput,
    Forbidden,
    NewCredential,
    checked_name,
    checked_networks,
    make_credential,
    may_not,
)
from wardmail.manage.registration import Writing
from wardmail.model.integration import Credential, Integration, Step
from wardmail.model.person import Permission, Person
from wardmail.model.register import Added, Change
from wardmail.model.registration import Ask, Contact, Matter, Tick
from wardmail.ports import Clock, RegisterBook

Outcome = Integration | BadInput | Forbidden
Others = Mapping[str, Integration]

ASKING: Mapping[Matter, tuple[str, str, Permission]] = {
    Matter.GO_LIVE: ("GoLiveAsked", "WentLive", Permission.DRAFT_INTEGRATIONS),
    Matter.OVERRIDE: ("OverrideAsked", "OverrideApproved", Permission.RUN_INTEGRATIONS),
    Matter.ON_PREMISES: ("ExceptionAsked", "ExceptionApproved", Permission.DRAFT_INTEGRATIONS),
    Matter.LOCATION: ("ExceptionAsked", "ExceptionApproved", Permission.DRAFT_INTEGRATIONS),
}
"""For each matter: the events of asking and approving, and who may ask. Information governance approves them all."""

STEPS: Mapping[str, tuple[str, Permission, Callable[[Integration], Integration | BadInput]]] = {
    "trial": ("TrialBegun", Permission.DRAFT_INTEGRATIONS, lambda record: moved(record, Step.BEGIN_TRIAL)),
    "suspend": ("IntegrationSuspended", Permission.RUN_INTEGRATIONS, lambda record: moved(record, Step.SUSPEND)),
    "resume": ("IntegrationResumed", Permission.RUN_INTEGRATIONS, resumed),
    "retire": ("IntegrationRetired", Permission.RUN_INTEGRATIONS, lambda record: moved(record, Step.RETIRE)),
}
"""For each step that one person takes: its event, who may, and what it does."""

_MOST_NUMBERS = 1000
_SECRET = Proofs()
OVERTAKEN = BadInput(
    "Another credential was issued at the same moment: look at it first. No other was made.", "WM-CREDENTIAL-NEWER"
)
_NO_SECRET = BadInput(
    "A key or a certificate proves it, and no secret: add a credential with the new one, then revoke this one.",
    "WM-CREDENTIAL-PROOF",
)


@dataclass(frozen=True, slots=True)
class DeskTerms:
    """`override_days`: how far ahead an override may end."""

    override_days: int = 30


class IntegrationDesk:
    """Everything here blocks, and asks itself whether the person may. None: there is no such integration."""

    def __init__(
        self,
        register: RegisterBook,
        clock: Clock,
        pepper: Callable[[], bytes],
        seen: Callable[[Integration], Seen],
        people: Callable[[], Iterable[Contact]],
        *,
        terms: DeskTerms = DeskTerms(),
    ) -> None:
        self._register = register
        self._clock = clock
        self._pepper = pepper
        self._seen = seen
        self._people = people
        self._terms = terms

    def create(self, actor: Person, name: str, options: Mapping[str, Any]) -> Outcome:
        """A draft, by the options that a record is written with; `route` and `senders` are needed."""
        if not actor.may(Permission.DRAFT_INTEGRATIONS):
            return may_not(actor, Permission.DRAFT_INTEGRATIONS)
        given, route = checked_name(name), str(options.get("route") or "")
        if isinstance(given, BadInput):
            return replace(given, code="WM-NAME")
        if route not in self._register.snapshot().routes:
            return BadInput(f"There is no route {route!r}.", "WM-ROUTE-NOT-FOUND")
        if not options.get("senders"):
            return BadInput("It needs an address, or a domain, that it may send as.", "WM-OPTION-MISSING")
        after = rewritten(Integration(given, given, route, ()), options, self._writing(actor))
        if isinstance(after, BadInput):
            return after
        people = tuple(self._people())

        def add(others: Others) -> Outcome:
            if given in others:
                return BadInput(f"There is an integration {given} already.", "WM-INTEGRATION-EXISTS")
            return checked(after, None, others, people)

        return self._register.change_integration(given, add, Change("IntegrationSaved", actor.id, "registered"))

    def change(self, actor: Person, name: str, options: Mapping[str, Any], reason: str) -> Outcome | None:
        people = tuple(self._people())

        def step(before: Integration, others: Others) -> Outcome:
            after = rewritten(before, options, self._writing(actor))
            if isinstance(after, BadInput):
                return after
            return not_allowed(before, after, actor, reason) or checked(after, before, others, people)

        return self._changed(
            actor, Permission.DRAFT_INTEGRATIONS, name, step, Change("IntegrationChanged", actor.id, reason)
        )

    def take(self, actor: Person, name: str, step: str, reason: str) -> Outcome | None:
        """One of STEPS."""
        kind, permission, move = STEPS[step]
        return self._changed(actor, permission, name, lambda record, _: move(record), Change(kind, actor.id, reason))

    def tick(self, actor: Person, name: str, task: str, reason: str, evidence: str = "") -> Outcome | None:
        word = Tick(task, actor.id, self._clock.now(), reason, evidence)
        made = Change("TaskTicked", actor.id, f"{task}: {reason}")
        return self._changed(actor, Permission.SEE, name, lambda record, _: ticked(record, word, actor.may), made)

    def untick(self, actor: Person, name: str, task: str, reason: str) -> Outcome | None:
        made = Change("TaskUnticked", actor.id, f"{task}: {reason}")
        return self._changed(actor, Permission.DRAFT_INTEGRATIONS, name, lambda record, _: unticked(record, task), made)

    def ask(self, actor: Person, name: str, ask: Ask) -> Outcome | None:
        """The first of two people; `ask.by` and `ask.at` are filled in here."""
        kind, _, permission = ASKING[ask.matter]
        question = replace(ask, by=actor.id, at=self._clock.now())

        def step(record: Integration, _: object) -> Outcome:
            return self._not_ready(record, ask.matter) or asked(
                record, question, longest_days=self._terms.override_days
            )

        return self._changed(actor, permission, name, step, Change(kind, actor.id, ask.reason))

    def approve(self, actor: Person, name: str, matter: Matter, reason: str) -> Outcome | None:
        """The second of two people."""
        _, kind, _ = ASKING[matter]

        def step(record: Integration, _: object) -> Outcome:
            done = approved(record, matter, by=actor.id, at=self._clock.now(), reason=reason)
            return done if isinstance(done, BadInput) else self._not_ready(record, matter) or done

        return self._changed(actor, Permission.GOVERN_INTEGRATIONS, name, step, Change(kind, actor.id, reason))

    def issue(
        self,
        actor: Person,
        name: str,
        *,
        username: str = "",
        lifetime_days: float | None,
        networks: tuple[str, ...] = (),
        proofs: Proofs = _SECRET,
        known: int | None = None,
    ) -> NewCredential | BadInput | Forbidden | None:
        """A new user name and secret; without a name the integration's own with the next number.

        `known`: how many credentials there were for whoever asks; with another number, none is made (OVERTAKEN).
        """
        if not actor.may(Permission.ISSUE_CREDENTIALS):
            return may_not(actor, Permission.ISSUE_CREDENTIALS)
        if name not in self._register.snapshot().integrations:
            return None
        blocks = checked_networks(networks)
        if isinstance(blocks, BadInput):
            return replace(blocks, code="WM-NETWORK")
        for each in (username,) if username else (f"{name}-{number}" for number in range(1, _MOST_NUMBERS)):
            given = checked_name(each)
            if isinstance(given, BadInput):
                return replace(given, code="WM-NAME")
            made = make_credential(
                given, name, self._pepper(), self._clock.now(), lifetime_days=lifetime_days, networks=blocks
            )
            proved = with_proofs(made.credential, proofs)
            if isinstance(proved, BadInput):
                return replace(proved, code="WM-CREDENTIAL-PROOF")
            added = self._register.add_credential(proved, actor.id, known)
            if added is not Added.TAKEN:
                return replace(made, credential=proved) if added is Added.YES else OVERTAKEN
        return BadInput(f"The user name {username or name} is taken.", "WM-USERNAME-EXISTS")

    def rotate(
        self, actor: Person, username: str, *, overlap_days: float, lifetime_days: float | None
    ) -> NewCredential | BadInput | Forbidden | None:
        """Another user name and secret with the same networks; the old one lets in for `overlap_days` more, at most.

        What is sent with a test credential never leaves, and that holds for what comes in its place.
        """
        found = self._register.snapshot().credentials
        old = found.get(username)
        if old is None or old.revoked_at is not None:
            return None
        if not old.has_secret:
            return _NO_SECRET
        proofs = Proofs(is_test=old.is_test)
        known = sum(each.integration_id == old.integration_id for each in found.values())
        made = self.issue(
            actor,
            old.integration_id,
            lifetime_days=lifetime_days,
            networks=old.networks,
            proofs=proofs,
            known=known,
        )
        if isinstance(made, NewCredential):
            ends = self._clock.now() + overlap_days * 86_400
            self._register.change_credential(username, lambda now: _ending(now, ends), actor.id)
        return made

    def revoke(self, actor: Person, username: str) -> Credential | Forbidden | None:
        """Within a second nobody gets in by it."""
        if not actor.may(Permission.ISSUE_CREDENTIALS):
            return may_not(actor, Permission.ISSUE_CREDENTIALS)
        at = self._clock.now()
        return self._register.change_credential(
            username, lambda now: replace(now, revoked_at=now.revoked_at or at), actor.id
        )

    def _not_ready(self, record: Integration, matter: Matter) -> BadInput | None:
        left = to_do(record, self._seen(record)) if matter is Matter.GO_LIVE else ()
        return BadInput(f"It is not ready: {left[0].title}.", "WM-GO-LIVE-NOT-READY") if left else None

    def _changed(
        self,
        actor: Person,
        permission: Permission,
        name: str,
        step: Callable[[Integration, Others], Outcome],
        made: Change,
    ) -> Outcome | None:
        if not actor.may(permission):
            return may_not(actor, permission)

        def apply(everything: Others) -> Outcome | None:
            return step(everything[name], everything) if name in everything else None

        return self._register.change_integration(name, apply, made)

    def _writing(self, actor: Person) -> Writing:
        return Writing(actor.id, self._clock.now())


def _ending(credential: Credential, at: float) -> Credential:
    """Not later than it ends anyway."""
    return replace(credential, expires_at=at if credential.expires_at is None else min(at, credential.expires_at))

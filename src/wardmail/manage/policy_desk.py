"""Where people draft, check, approve, activate and withdraw versions of the policy: commands and pages come here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wardmail.manage import policy_life
from wardmail.manage.integrations import BadInput, Forbidden, may_not
from wardmail.model.person import Permission, Person
from wardmail.model.policy import NO_SITE_POLICY, PolicyState, PolicyVersion
from wardmail.model.register import Change
from wardmail.policy.site_rules import SiteRule
from wardmail.ports import Clock, PolicyBook

PolicyOutcome = PolicyVersion | BadInput | Forbidden
_Step = Callable[[PolicyVersion], PolicyVersion | BadInput]


class PolicyDesk:
    """Everything here blocks, and asks itself whether the person may. None: there is no such version."""

    def __init__(self, policies: PolicyBook, clock: Clock) -> None:
        self._policies = policies
        self._clock = clock

    def draft(self, actor: Person, rules: Sequence[SiteRule], reason: str) -> PolicyOutcome:
        """A new version, drafted from the one in force."""
        if not actor.may(Permission.PROPOSE_POLICY):
            return may_not(actor, Permission.PROPOSE_POLICY)

        def step(versions: Sequence[PolicyVersion]) -> Sequence[PolicyVersion] | BadInput:
            number = max((each.number for each in versions), default=0) + 1
            made = policy_life.draft(
                rules,
                number=number,
                reason=reason,
                author=actor.id,
                now=self._clock.now(),
                basis=in_force(versions),
            )
            return made if isinstance(made, BadInput) else [made]

        done = _first(self._policies.change(step, Change("PolicyDrafted", actor.id, reason)))
        assert done is not None
        return done

    def check(self, actor: Person, number: int) -> PolicyOutcome | None:
        """Lint and every rule's examples; a draft that passes goes on."""
        made = Change("PolicyChecked", actor.id, "lint and examples passed")
        return self._moved(actor, Permission.PROPOSE_POLICY, number, policy_life.checked, made)

    def approve(self, actor: Person, number: int, reason: str) -> PolicyOutcome | None:
        """The second person's yes."""

        def step(version: PolicyVersion) -> PolicyVersion | BadInput:
            return policy_life.approved(version, actor.id, reason, self._clock.now())

        made = Change("PolicyApproved", actor.id, reason)
        return self._moved(actor, Permission.APPROVE_POLICY, number, step, made)

    def withdraw(self, actor: Person, number: int, reason: str) -> PolicyOutcome | None:
        made = Change("PolicyWithdrawn", actor.id, reason)
        return self._moved(
            actor, Permission.PROPOSE_POLICY, number, lambda each: policy_life.withdrawn(each, self._clock.now()), made
        )

    def activate(self, actor: Person, number: int, reason: str) -> PolicyOutcome | None:
        """Put it in force in place of the one that it was drafted from: what came between would be undone unseen."""
        if not actor.may(Permission.PROPOSE_POLICY):
            return may_not(actor, Permission.PROPOSE_POLICY)
        now = self._clock.now()

        def step(versions: Sequence[PolicyVersion]) -> Sequence[PolicyVersion] | BadInput | None:
            found, before = _of(versions, number), in_force(versions)
            if found is None:
                return None
            if found.basis != before.number:
                return BadInput(
                    f"Version {number} was drafted from version {found.basis}, and {before.number} is in force now.",
                    "WM-POLICY-OUTDATED",
                )
            moved = policy_life.activated(found, now)
            if isinstance(moved, BadInput):
                return moved
            return [moved, policy_life.replaced(before, now)] if before.number else [moved]

        return _first(self._policies.change(step, Change("PolicyActivated", actor.id, reason)))

    def _moved(
        self, actor: Person, permission: Permission, number: int, step: _Step, made: Change
    ) -> PolicyOutcome | None:
        if not actor.may(permission):
            return may_not(actor, permission)

        def apply(versions: Sequence[PolicyVersion]) -> Sequence[PolicyVersion] | BadInput | None:
            found = _of(versions, number)
            moved = None if found is None else step(found)
            return [moved] if isinstance(moved, PolicyVersion) else moved

        return _first(self._policies.change(apply, made))


def in_force(versions: Sequence[PolicyVersion]) -> PolicyVersion:
    return next((each for each in versions if each.state is PolicyState.ACTIVE), NO_SITE_POLICY)


def _of(versions: Sequence[PolicyVersion], number: int) -> PolicyVersion | None:
    return next((each for each in versions if each.number == number), None)


def _first(kept: Sequence[PolicyVersion] | BadInput | None) -> PolicyVersion | BadInput | None:
    return kept if kept is None or isinstance(kept, BadInput) else kept[0]

"""Where people make, sign, renew and end sharing agreements: commands and pages come here, so that one set of rules holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from wardmail.manage.agreements import SignOff, checked_agreement, ended, renewed, signed
from wardmail.manage.integrations import BadInput, Forbidden, may_not
from wardmail.model.agreement import Agreement
from wardmail.model.person import Approval, Permission, Person
from wardmail.model.register import Change
from wardmail.ports import AgreementBook, Clock, RegisterBook

AgreementOutcome = Agreement | BadInput | Forbidden
_All = Mapping[str, Agreement]

SIGNING: Mapping[SignOff, Permission] = {
    SignOff.GOVERNANCE: Permission.MANAGE_AGREEMENTS,
    SignOff.CLINICAL_SAFETY: Permission.SIGN_OFF_CLINICAL_SAFETY,
}
_TAKEN = "WM-AGREEMENT-EXISTS"


class AgreementDesk:
    """Everything here blocks, and asks itself whether the person may. None: there is no such agreement."""

    def __init__(self, agreements: AgreementBook, register: RegisterBook, clock: Clock) -> None:
        self._agreements = agreements
        self._register = register
        self._clock = clock

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self._clock.now(), UTC).date()

    def add(self, actor: Person, given: Agreement, reason: str) -> AgreementOutcome:
        if not actor.may(Permission.MANAGE_AGREEMENTS):
            return may_not(actor, Permission.MANAGE_AGREEMENTS)
        unknown = set(given.integrations) - set(self._register.snapshot().integrations)
        if unknown:
            return BadInput(f"There is no integration {min(unknown)}.", "WM-INTEGRATION-NOT-FOUND")
        made = checked_agreement(given)
        if isinstance(made, BadInput):
            return made

        def step(found: _All) -> AgreementOutcome:
            return BadInput(f"There is an agreement {made.id} already.", _TAKEN) if made.id in found else made

        return self._agreements.change(step, Change("AgreementMade", actor.id, reason))

    def sign(self, actor: Person, name: str, part: SignOff, reason: str) -> AgreementOutcome | None:
        """For governance, and for clinical safety: two different people."""
        if not actor.may(SIGNING[part]):
            return may_not(actor, SIGNING[part])

        def step(found: _All) -> AgreementOutcome | None:
            return signed(found[name], part, self._yes(actor, reason)) if name in found else None

        return self._agreements.change(step, Change("AgreementSigned", actor.id, f"{part.value}: {reason}"))

    def renew(self, actor: Person, name: str, new_name: str, ends: date, reason: str) -> AgreementOutcome | None:
        """A new agreement, that is signed like any other; the old one counts until its own end."""
        if not actor.may(Permission.MANAGE_AGREEMENTS):
            return may_not(actor, Permission.MANAGE_AGREEMENTS)

        def step(found: _All) -> AgreementOutcome | None:
            if new_name in found:
                return BadInput(f"There is an agreement {new_name} already.", _TAKEN)
            return renewed(found[name], new_name, ends, self.today) if name in found else None

        return self._agreements.change(step, Change("AgreementMade", actor.id, f"renews {name}: {reason}"))

    def end(self, actor: Person, name: str, reason: str) -> AgreementOutcome | None:
        """What it let go is held from this second on."""
        if not actor.may(Permission.MANAGE_AGREEMENTS):
            return may_not(actor, Permission.MANAGE_AGREEMENTS)

        def step(found: _All) -> AgreementOutcome | None:
            return ended(found[name], self._yes(actor, reason)) if name in found else None

        return self._agreements.change(step, Change("AgreementEnded", actor.id, reason))

    def _yes(self, actor: Person, reason: str) -> Approval:
        return Approval(actor.id, self._clock.now(), reason)

"""A form that makes something carries a mark that serves once: sent twice at the same instant, it makes one."""

from __future__ import annotations

import secrets

from wardmail.manage.log_in import Visitor
from wardmail.model.login import LONGEST
from wardmail.ports import Clock, SpentProofs
from wardmail.web.pages.guard import Visit

MARK = "once"
"""The field's name."""

TWICE = "This form was sent already, perhaps because the button was pressed twice. It is done once at most."
"""For what somebody sends the second time."""


class OnceForms:
    """Blocking, and raises Unavailable, where it asks whether a form comes for the first time."""

    def __init__(self, spent: SpentProofs, clock: Clock) -> None:
        self._spent = spent
        self._clock = clock

    def mark(self, visitor: Visitor) -> str:
        """For one form on one page; nothing is kept until the form comes."""
        unique = secrets.token_urlsafe(16)
        return f"{unique}.{visitor.proof_of(f'once {unique}')}"

    def is_first(self, visit: Visit) -> bool:
        """False also for a mark that is none of ours. A session, to which a mark belongs, ends before it is forgotten."""
        unique, _, proof = visit.form.get(MARK, "").partition(".")
        if not visit.visitor.proves(f"once {unique}", proof):
            return False
        return self._spent.spend(f"form {unique}", self._clock.now() + LONGEST)

"""What applying a file would change: planned as a whole against the records as they would be, and only then done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wardmail.app.installation import Installation
from wardmail.app.record_tables import Fault, flat
from wardmail.manage.integrations import BadInput
from wardmail.model.integration import Integration
from wardmail.model.person import Permission, Person
from wardmail.model.register import RegisterSnapshot
from wardmail.model.route import Route
from wardmail.model.source import Source

_REFERENCES = ("secret_ref", "signing_refs")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`before` and `after` as the file writes them; None: not there."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One record to be changed, by one event. `then` says what a person does next."""

    kind: str
    name: str
    new: bool
    changes: tuple[FieldChange, ...]
    needs: Permission
    do: Callable[[], object]
    then: str = ""


@dataclass(slots=True)
class Plan:
    """`people`, `routes`, `integrations`, `sources` are as they would be afterwards."""

    installation: Installation
    actor: Person
    reason: str
    snapshot: RegisterSnapshot
    people: dict[str, Person]
    routes: dict[str, Route]
    integrations: dict[str, Integration]
    sources: dict[str, Source]
    faults: list[Fault] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def fault(self, where: str, why: str) -> None:
        self.faults.append(Fault(where, why.rstrip(".")))

    def usable(self, where: str, outcome: Any) -> Any:
        """None, with the fault noted, when it is bad input."""
        if isinstance(outcome, BadInput):
            self.fault(where, outcome.reason)
            return None
        return outcome

    def rows(self, tables: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """The tables of one section by name; a section that holds anything else is a fault."""
        section = tables.get(kind, {})
        if isinstance(section, dict) and all(isinstance(each, dict) for each in section.values()):
            return section
        self.fault(kind, f"is no section of tables [{kind}.NAME]")
        return {}


def plan_for(installation: Installation, actor: Person, reason: str) -> Plan:
    snapshot = installation.register.snapshot()
    return Plan(
        installation,
        actor,
        reason,
        snapshot,
        dict(installation.people.all()),
        dict(snapshot.routes),
        dict(snapshot.integrations),
        dict(snapshot.sources),
    )


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Field by field, in the order of names. Of a secret, only that its reference is another."""
    old, new = flat(before or {}), flat(after)
    return tuple(
        FieldChange(name, _shown(name, old.get(name)), _shown(name, new.get(name), instead=True))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def _shown(name: str, value: Any, *, instead: bool = False) -> Any:
    if name.rpartition(".")[2] in _REFERENCES and value:
        return "another reference" if instead else "a reference"
    return value

"""Writes one record as a records file would: planned as a whole, told with every fault, done in one step or not at all."""

from __future__ import annotations

from collections.abc import Mapping

from wardmail.app.commands.integration import record_file
from wardmail.app.failures import CONFLICT, CommandFailed, FaultyRecord, not_found
from wardmail.app.installation import Installation
from wardmail.app.record_tables import table_of
from wardmail.app.records_file.plan import Plan, plan_for
from wardmail.app.records_file.whole import SECTIONS, carry_out, require_permitted
from wardmail.model.person import Person


class RecordOffice:
    """Of the kinds `integration`, `route` and `agreement`. Everything here blocks, and raises CommandFailed."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def write(
        self,
        actor: Person,
        kind: str,
        name: str,
        table: Mapping[str, object],
        reason: str,
        *,
        new: bool,
        dry_run: bool = False,
    ) -> list[dict[str, object]]:
        """What changed, field by field. `table` is a whole record: what it does not say is as in a new one."""
        installation = self._installation
        if new is (name in self._names(kind)):
            if not new:
                raise not_found(kind, name, f"wardmail {kind} list")
            what = f"There is {kind} {name} already."
            raise CommandFailed(f"WM-{kind.upper()}-EXISTS", what, "Choose another name.", CONFLICT)
        plan = plan_for(installation, actor, reason)
        SECTIONS[kind](plan, {kind: {name: dict(table)}})
        _require_faultless(plan, f"{kind}.{name}")
        require_permitted(plan)
        if not dry_run:
            carry_out(plan, lambda _: None)
        return [
            {"field": each.field, "before": each.before, "after": each.after}
            for step in plan.steps
            for each in step.changes
        ]

    def table(self, kind: str, name: str) -> dict[str, object]:
        """The record as it can be written again."""
        snapshot = self._installation.register.snapshot()
        if name not in self._names(kind):
            raise not_found(kind, name, f"wardmail {kind} list")
        if kind == "integration":
            return record_file.table_of(snapshot.integrations[name])
        if kind == "route":
            return table_of(snapshot.routes[name], {"name"})
        return table_of(self._installation.agreements.all()[name], {"id", "governance", "clinical_safety", "ended"})

    def _names(self, kind: str) -> Mapping[str, object]:
        snapshot = self._installation.register.snapshot()
        kinds: Mapping[str, Mapping[str, object]] = {
            "integration": snapshot.integrations,
            "route": snapshot.routes,
            "agreement": self._installation.agreements.all(),
        }
        return kinds[kind]


def _require_faultless(plan: Plan, place: str) -> None:
    if plan.faults:
        faults = [(each.where.removeprefix(place).lstrip("."), each.why) for each in plan.faults]
        told = "; ".join(f"{where}: {why}" if where else why for where, why in faults)
        raise FaultyRecord(f"It cannot be so: {told}.", faults)

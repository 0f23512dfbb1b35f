"""Versions of the policy as people see, propose, try, approve and activate them by the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import islice

from wardmail.app.commands.policy import record, version_or_active
from wardmail.app.commands.policy_life import active_of, allowed, desk_of, existing
from wardmail.app.failures import CONFLICT, USAGE, CommandFailed
from wardmail.app.installation import Installation, usable
from wardmail.app.output import rfc3339
from wardmail.manage import policy_life
from wardmail.manage.policy_trial import trial
from wardmail.model.person import Person
from wardmail.model.policy import PolicyState, PolicyVersion
from wardmail.model.reading import Record
from wardmail.policy.changes import rule_changes
from wardmail.policy.codec import encode_rule
from wardmail.policy.rules import BUILT_IN_RULES
from wardmail.policy.site_rules import SiteRule, read_text, rules_in_force, write_rows

_MOST_JUDGED = 200_000
"""Copies that one request judges again; the command line has no ceiling."""


class PolicyOffice:
    """Everything here blocks, and raises CommandFailed for what cannot be done."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def all(self) -> list[Record]:
        return [record(each) for each in self._installation.policies.all()]

    def one(self, number: int | None) -> Record:
        version = version_or_active(self._installation, number)
        own = read_text(version.rows)
        sentences = [
            {**encode_rule(rule), "sentence": rule.sentence(), "built_in": rule in BUILT_IN_RULES}
            for rule in rules_in_force(own)
        ]
        return record(version) | {"sentences": sentences, "site_rules": write_rows(own)}

    def draft(self, actor: Person, rules: Sequence[Mapping[str, object]], reason: str, *, dry_run: bool) -> Record:
        read, basis = _rules(rules), active_of(self._installation)
        if dry_run:
            now = self._installation.clock.now()
            made: object = policy_life.draft(read, number=0, reason=reason, author=actor.id, now=now, basis=basis)
        else:
            made = desk_of(self._installation).draft(actor, read, reason)
        draft = usable(made, "WM-POLICY-UNCHANGED")
        assert isinstance(draft, PolicyVersion)
        changes = [
            {"rule": each.rule, "change": each.change.value, "before": each.before, "after": each.after}
            for each in rule_changes(read_text(basis.rows), read)
        ]
        return {"version": draft.number or None, "state": draft.state.value, "dry_run": dry_run, "changes": changes}

    def check(self, actor: Person, number: int) -> Record:
        version = existing(self._installation, number)
        found = policy_life.check(version)
        if found.passed and version.state is PolicyState.DRAFT:
            version = allowed(desk_of(self._installation).check(actor, number), number)
        findings = [
            {"rule": each.rule, "found": each.found, "to_do": each.to_do, "stops": each.stops}
            for each in found.findings
        ]
        return {"version": number, "state": version.state.value, "passed": found.passed, "findings": findings}

    def approve(self, actor: Person, number: int, reason: str) -> Record:
        return record(allowed(desk_of(self._installation).approve(actor, number, reason), number))

    def activate(self, actor: Person, number: int, reason: str) -> Record:
        return record(allowed(desk_of(self._installation).activate(actor, number, reason), number))

    def withdraw(self, actor: Person, number: int, reason: str) -> Record:
        return record(allowed(desk_of(self._installation).withdraw(actor, number, reason), number))

    def simulate(self, number: int | None, rules: Sequence[Mapping[str, object]] | None, days: float) -> Record:
        policies = self._installation.policies
        now_own = read_text(active_of(self._installation).rows)
        then_own = read_text(version_or_active(self._installation, number).rows) if rules is None else _rules(rules)
        since = self._installation.clock.now() - days * 86_400
        total = policies.count_since(since)
        if total > _MOST_JUDGED:
            raise CommandFailed(
                "WM-POLICY-TRIAL",
                f"{total:,} copies were accepted in that time, and one request judges {_MOST_JUDGED:,}.",
                "Ask for fewer days; `wardmail policy simulate` judges any number.",
                CONFLICT,
            )
        copies = islice(policies.facts_since(since), _MOST_JUDGED)
        done = trial(rules_in_force(now_own), rules_in_force(then_own), copies)
        changes = [asdict(each) for each in done.changes]
        return {"since": rfc3339(since), "copies": done.seen, "would_change": done.changed, "changes": changes}


def _rules(rows: Sequence[Mapping[str, object]]) -> tuple[SiteRule, ...]:
    try:
        read = policy_life.read_file({"rule": [dict(each) for each in rows]})
    except RecursionError:
        what = "The rules are nested too deeply to be read."
        raise CommandFailed("WM-POLICY-FILE", what, "Write them flatter.", USAGE) from None
    made = usable(read, "WM-POLICY-FILE")
    assert isinstance(made, tuple)
    return made

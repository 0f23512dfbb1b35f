"""`wardmail policy`: the rules in force and their versions."""

from __future__ import annotations

import click

from wardmail.app.commands.policy_life import activate, apply, approve, check, withdraw
from wardmail.app.commands.policy_trial import explain, simulate
from wardmail.app.failures import not_found
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, rfc3339, say, table
from wardmail.manage.policy_text import text_of_rules
from wardmail.model.policy import NO_SITE_POLICY, PolicyState, PolicyVersion
from wardmail.policy.changes import rule_changes
from wardmail.policy.codec import encode_rule, name_of, needs_of
from wardmail.policy.evaluate import Rule
from wardmail.policy.rules import BUILT_IN_RULES
from wardmail.policy.site_rules import read_text, rules_in_force, write_rows
from wardmail.policy.vocabulary import CONDITIONS, EFFECTS


@click.group()
def command() -> None:
    """The policy: built-in rules that always apply, and the site's own, which can only tighten.

    A change is a new version: apply a file, check it, let another person approve it, activate it.
    """


for each in (apply, check, approve, activate, withdraw, explain, simulate):
    command.add_command(each)


@command.command()
@click.argument("version", type=int, required=False)
@json_option
@click.pass_obj
def show(config_path: str | None, version: int | None, as_json: bool) -> None:
    """Recite the rules in force, or those of VERSION, one sentence each."""
    found = version_or_active(Installation.at(config_path), version)
    rules = rules_in_force(read_text(found.rows))
    if as_json:
        for rule in rules:
            emit({**encode_rule(rule), "sentence": rule.sentence(), "built_in": rule in BUILT_IN_RULES})
        return
    say(f"{_title(found)}. Refuse beats hold, hold beats protect; a rule that cannot be told holds.")
    say()
    for rule in rules:
        say(f"{rule.id:<22} {_sentence(rule)}")
        say(f"{'':<22} because {rule.why} ({rule.source})")


@command.command()
@json_option
@click.pass_obj
def history(config_path: str | None, as_json: bool) -> None:
    """All versions: who drafted, who approved, when in force, and why."""
    versions = Installation.at(config_path).policies.all()
    if as_json:
        for each in versions:
            emit(record(each))
        return
    rows = [
        (
            each.number,
            each.state.value,
            each.author,
            ", ".join(approval.by for approval in each.approvals),
            moment(each.activated_at),
            moment(each.ended_at),
            each.reason,
        )
        for each in versions
    ]
    table(("Version", "State", "Drafted by", "Approved by", "In force from", "Until", "Why"), rows)


@command.command()
@click.argument("before", type=int)
@click.argument("after", type=int)
@json_option
@click.pass_obj
def diff(config_path: str | None, before: int, after: int, as_json: bool) -> None:
    """What differs between two versions, rule by rule; 0 stands for the built-in rules alone."""
    installation = Installation.at(config_path)
    old, new = (read_text(version_or_active(installation, number).rows) for number in (before, after))
    changes = rule_changes(old, new)
    for change in changes:
        if as_json:
            emit({"rule": change.rule, "change": change.change.value, "before": change.before, "after": change.after})
            continue
        say(f"{change.rule}: {change.change.value}")
        for sign, sentence in (("-", change.before), ("+", change.after)):
            if sentence:
                say(f"  {sign} {sentence}")
    if not changes and not as_json:
        say("They say the same.")


@command.command()
@click.argument("version", type=int, required=False)
@json_option
@click.pass_obj
def export(config_path: str | None, version: int | None, as_json: bool) -> None:
    """Write the site's rules as TOML: edit it, and `policy apply` it."""
    found = version_or_active(Installation.at(config_path), version)
    if as_json:
        emit({"version": found.number, "rule": write_rows(read_text(found.rows))})
        return
    say(f"# {_title(found)}")
    say("# `wardmail policy vocabulary` lists what a rule can be written with.")
    click.echo(text_of_rules(read_text(found.rows)), nl=False)


@command.command()
@json_option
def vocabulary(as_json: bool) -> None:
    """Every condition and effect that a rule can be written with."""
    for heading, kinds in (("condition", CONDITIONS), ("effect", EFFECTS)):
        for kind in kinds:
            fields = needs_of(kind)
            if as_json:
                emit({"kind": heading, "name": name_of(kind), "needs": fields})
            else:
                needs = "; ".join(f"{name}: {values}" for name, values in fields.items()) or "true"
                say(f"{heading:<10} {name_of(kind):<26} {needs}")


def version_or_active(installation: Installation, number: int | None) -> PolicyVersion:
    versions = {each.number: each for each in installation.policies.all()} | {0: NO_SITE_POLICY}
    if number is None:
        active = [each for each in versions.values() if each.state is PolicyState.ACTIVE]
        return active[0] if active else NO_SITE_POLICY
    if number not in versions:
        raise not_found("policy version", str(number), "wardmail policy history")
    return versions[number]


def record(version: PolicyVersion) -> dict[str, object]:
    return {
        "version": version.number,
        "state": version.state.value,
        "reason": version.reason,
        "author": version.author,
        "drafted_at": rfc3339(version.drafted_at),
        "basis": version.basis,
        "approvals": [{"by": a.by, "at": rfc3339(a.at), "reason": a.reason} for a in version.approvals],
        "activated_at": rfc3339(version.activated_at),
        "ended_at": rfc3339(version.ended_at),
        "rules": len(read_text(version.rows)),
    }


def _title(version: PolicyVersion) -> str:
    own = len(read_text(version.rows))
    if not version.number:
        return f"The built-in rules ({len(BUILT_IN_RULES)}) alone; the site has none of its own"
    return (
        f"Version {version.number}, {version.state.value}: {len(BUILT_IN_RULES)} built-in rules and {own} of the site"
    )


def _sentence(rule: Rule) -> str:
    text = rule.sentence()
    return text[0].upper() + text[1:] + "."

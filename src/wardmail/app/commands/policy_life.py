"""`wardmail policy apply`, `check`, `approve`, `activate`, `withdraw`: how a version comes into force."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, FINDINGS, USAGE, CommandFailed, not_found, not_permitted
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, note, say
from wardmail.manage import policy_life
from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.manage.policy_desk import PolicyDesk, PolicyOutcome, in_force
from wardmail.model.person import Permission
from wardmail.model.policy import PolicyState, PolicyVersion
from wardmail.policy.changes import rule_changes
from wardmail.policy.site_rules import SiteRule, read_text

_REASON = reason_option()
_TOO_LARGE = 1024 * 1024


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_REASON
@click.option("--dry-run", is_flag=True, help="Say what would change, and keep nothing.")
@by_option
@json_option
@click.pass_obj
def apply(config_path: str | None, *, file: Path, reason: str, dry_run: bool, by: str, as_json: bool) -> None:
    """Make the rules of a TOML FILE a new draft. It changes nothing until it is checked, approved and activated."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.PROPOSE_POLICY)
    rules = usable(policy_life.read_file(_table(file)), "WM-POLICY-FILE")
    basis = active_of(installation)
    if dry_run:
        now = installation.clock.now()
        made: object = policy_life.draft(rules, number=0, reason=reason, author=actor.id, now=now, basis=basis)
    else:
        made = desk_of(installation).draft(actor, rules, reason)
    draft = usable(made, "WM-POLICY-UNCHANGED")
    assert isinstance(draft, PolicyVersion)
    _tell(draft, rules, basis, dry_run, as_json)


@click.command()
@click.argument("version", type=int)
@by_option
@json_option
@click.pass_obj
def check(config_path: str | None, version: int, by: str, as_json: bool) -> None:
    """Run lint and every rule's examples on VERSION. Exit status 3 when something stops it."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.PROPOSE_POLICY)
    found = existing(installation, version)
    outcome = policy_life.check(found)
    for each in outcome.findings:
        if as_json:
            emit({"rule": each.rule, "found": each.found, "to_do": each.to_do, "stops": each.stops})
        else:
            say(f"{'!' if each.stops else '-'} {each.rule + ': ' if each.rule else ''}{each.found} {each.to_do}")
    if not outcome.passed:
        raise SystemExit(FINDINGS)
    if found.state is PolicyState.DRAFT:
        allowed(desk_of(installation).check(actor, version), version)
    _moved(version, "passes its checks", as_json)


@click.command()
@click.argument("version", type=int)
@_REASON
@by_option
@json_option
@click.pass_obj
def approve(config_path: str | None, *, version: int, reason: str, by: str, as_json: bool) -> None:
    """Say yes to a checked VERSION that another person drafted."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.APPROVE_POLICY)
    allowed(desk_of(installation).approve(actor, version, reason), version)
    _moved(version, f"is approved by {actor.id}", as_json)


@click.command()
@click.argument("version", type=int)
@_REASON
@by_option
@json_option
@click.pass_obj
def activate(config_path: str | None, *, version: int, reason: str, by: str, as_json: bool) -> None:
    """Put an approved VERSION in force: every process follows within a second."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.PROPOSE_POLICY)
    allowed(desk_of(installation).activate(actor, version, reason), version)
    _moved(version, "is in force", as_json)


@click.command()
@click.argument("version", type=int)
@_REASON
@by_option
@json_option
@click.pass_obj
def withdraw(config_path: str | None, *, version: int, reason: str, by: str, as_json: bool) -> None:
    """Give up a VERSION that is not in force."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.PROPOSE_POLICY)
    allowed(desk_of(installation).withdraw(actor, version, reason), version)
    _moved(version, "is withdrawn", as_json)


def _table(file: Path) -> dict[str, object]:
    if file.stat().st_size > _TOO_LARGE:
        raise CommandFailed("WM-POLICY-FILE", f"{file} is larger than a policy can be.", "Name the right file.", USAGE)
    try:
        return tomllib.loads(file.read_text())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandFailed("WM-POLICY-FILE", f"{file} is no TOML: {error}.", "Mend the file.", USAGE) from error


def _tell(
    draft: PolicyVersion, rules: tuple[SiteRule, ...], basis: PolicyVersion, dry_run: bool, as_json: bool
) -> None:
    changes = rule_changes(read_text(basis.rows), rules)
    if as_json:
        emit(
            {
                "version": None if dry_run else draft.number,
                "changes": [{"rule": each.rule, "change": each.change.value} for each in changes],
            }
        )
        return
    for each in changes:
        say(f"  {each.change.value:<8} {each.rule}: {each.after or each.before}")
    if dry_run:
        say("Nothing is kept.")
        return
    say(f"Version {draft.number} is a draft; {basis.name if basis.number else 'the built-in policy'} stays in force.")
    note(f"Next: wardmail policy check {draft.number}, wardmail policy simulate {draft.number}")


def existing(installation: Installation, number: int) -> PolicyVersion:
    found = next((each for each in installation.policies.all() if each.number == number), None)
    if found is None:
        raise not_found("policy version", str(number), "wardmail policy history")
    return found


def active_of(installation: Installation) -> PolicyVersion:
    return in_force(installation.policies.all())


def desk_of(installation: Installation) -> PolicyDesk:
    return PolicyDesk(installation.policies, installation.clock)


def allowed(outcome: PolicyOutcome | None, number: int) -> PolicyVersion:
    match outcome:
        case None:
            raise not_found("policy version", str(number), "wardmail policy history")
        case Forbidden(reason):
            raise not_permitted(reason)
        case BadInput(reason, "WM-POLICY-OUTDATED" as code):
            again = f"Apply its file again, so that nothing is undone unseen: wardmail policy export {number}"
            raise CommandFailed(code, reason, again, CONFLICT)
        case BadInput(reason):
            raise CommandFailed("WM-POLICY-STATE", reason, "See `wardmail policy history`.", CONFLICT)
        case _:
            return outcome


def _moved(version: int, words: str, as_json: bool) -> None:
    emit({"version": version, "now": words}) if as_json else say(f"Version {version} {words}.")

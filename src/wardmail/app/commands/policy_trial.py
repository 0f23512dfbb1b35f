"""`wardmail policy explain` and `simulate`: why a message fares as it does, and how it would under other rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple

import click

from wardmail.app.failures import USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, progress, rfc3339, say, table
from wardmail.app.periods import parse_period
from wardmail.manage.policy_trial import trial
from wardmail.model.address import Address
from wardmail.model.classification import Sensitivity
from wardmail.model.decision import Decision
from wardmail.outbound.supposing import may_send_as
from wardmail.policy.evaluate import Rule, evaluate
from wardmail.policy.explain import explain as explained
from wardmail.policy.facts import Facts
from wardmail.policy.facts_codec import facts_from_text, facts_in_words
from wardmail.policy.site_rules import read_text, rules_in_force

_LEVELS = {level.label.lower().replace(" ", "-"): level for level in Sensitivity}


@click.command()
@click.argument("message_id", required=False)
@click.option("--from", "sender", default="", help="Suppose that this address sends …")
@click.option("--to", "recipients", multiple=True, help="… to this one. Repeat for more.")
@click.option("--integration", default="", help="Default: the one that may send as --from.")
@click.option("--classification", type=click.Choice(list(_LEVELS)), default="official", show_default=True)
@click.option("--time-critical", is_flag=True)
@click.option("--require-tls", is_flag=True)
@click.option("--policy", "version", type=int, help="Judge by this version instead of the one in force.")
@click.option("--all", "every_rule", is_flag=True, help="Also the rules that do not speak.")
@json_option
@click.pass_obj
def explain(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    message_id: str | None,
    sender: str,
    recipients: tuple[str, ...],
    integration: str,
    classification: str,
    time_critical: bool,
    require_tls: bool,
    version: int | None,
    every_rule: bool,
    as_json: bool,
) -> None:
    """Why a message fares as it does: one that was accepted (MESSAGE_ID), or one that nobody has sent yet (--from, --to)."""
    installation = Installation.at(config_path)
    rules, name = _rules(installation, version)
    if message_id:
        cases = _stored(installation, message_id)
    elif recipients and (sender or integration):
        cases = _supposed(
            installation,
            integration or _by_sender(installation, sender),
            recipients,
            level=_LEVELS[classification],
            wishes=(time_critical, require_tls),
        )
    else:
        raise CommandFailed(
            "WM-USAGE", "Name a message, or say --from and --to.", "`wardmail messages` lists IDs.", USAGE
        )
    for case in cases:
        decision = evaluate(rules, case[0])
        if as_json:
            emit(_record(case, decision, name))
        else:
            _say(case, decision, name, rules if every_rule else ())


Case = tuple[Facts, str, str]
"""Facts, and for a message that was accepted: what was decided then, and by which policy."""


def _stored(installation: Installation, message_id: str) -> Iterator[Case]:
    lines = installation.messages.decided(message_id.strip())
    if not lines:
        raise not_found("message", message_id, "wardmail messages")
    for line in lines:
        local, _, domain = line.recipient.rpartition("@")
        facts = facts_from_text(line.facts, Address(local, domain))
        yield facts, f"{line.outcome}: {line.why}", f"{line.policy}, {moment(line.at)}"


def _supposed(
    installation: Installation,
    integration: str,
    recipients: Sequence[str],
    *,
    level: Sensitivity,
    wishes: tuple[bool, bool],
) -> Iterator[Case]:
    from wardmail.app.commands.send import parsed_address
    from wardmail.app.wiring import register_view
    from wardmail.outbound.decision import gather_facts

    view = register_view(installation)
    if integration not in view.snapshot.integrations:
        raise not_found("integration", integration or "(none named)", "wardmail integration list")
    for each in recipients:
        facts = gather_facts(
            view,
            view.snapshot.integrations[integration],
            parsed_address(each),
            level,
            time_critical=wishes[0],
            require_tls=wishes[1],
        )
        yield facts, "", ""


def _by_sender(installation: Installation, sender: str) -> str:
    matching = may_send_as(installation.register.snapshot().integrations.values(), sender)
    if len(matching) != 1:
        who = f"{len(matching)} integrations may" if matching else "No integration may"
        raise CommandFailed("WM-SENDER", f"{who} send as {sender}.", "Say --integration.", USAGE)
    return matching[0]


def _record(case: Case, decision: Decision, policy: str) -> dict[str, object]:
    facts, then, by = case
    lines = explained(decision)
    return {
        "to": str(facts.recipient),
        "outcome": decision.outcome.value,
        "route": decision.route,
        "because": [{"rule": hit.rule, "source": hit.source, "sentence": hit.sentence} for hit in decision.because],
        "in_words": lines[0],
        "policy": policy,
        "facts": facts_in_words(facts),
        **({"decided_then": then, "by": by} if then else {}),
    }


def _say(case: Case, decision: Decision, policy: str, every: Sequence[Rule]) -> None:
    facts, then, by = case
    say(f"To {facts.recipient}")
    if then:
        say(f"  Then  {then}")
        say(f"        by policy {by}")
    first, *others = explained(decision)
    say(f"  Now   {first}" if then else f"  {first}")
    for line in others:
        say(f"        {line}")
    say(f"        by policy {policy}")
    say("  Known")
    for fact, value in facts_in_words(facts).items():
        say(f"        {fact:<22} {value}")
    for rule in every:
        answer = {True: "yes", False: "no", None: "cannot tell"}[rule.when.holds(facts)]
        say(f"  {answer:<12} {rule.id}: {rule.sentence()}")
    say()


@click.command()
@click.argument("version", type=int)
@click.option("--last", default="30d", show_default=True, help="How far back: 12h, 7d, 30d.")
@json_option
@click.pass_obj
def simulate(config_path: str | None, version: int, last: str, as_json: bool) -> None:
    """Judge again what was accepted lately, by VERSION instead of the policy in force: a table of what would change."""
    installation = Installation.at(config_path)
    (before, _), (after, name) = _rules(installation, None), _rules(installation, version)
    since = installation.clock.now() - parse_period(last)
    total = installation.policies.count_since(since)
    show = progress("copies judged") if not as_json else (lambda done, of: None)
    done = trial(before, after, installation.policies.facts_since(since), lambda seen: show(seen, total))
    if as_json:
        for each in done.changes:
            emit(asdict(each))
        emit({"policy": name, "since": rfc3339(since), "copies": done.seen, "would_change": done.changed})
        return
    if done.changes:
        headings = ("Copies", "Integration", "Domain", "Now", "Would be", "Because of", "For example")
        table(headings, [astuple(each) for each in done.changes])
    say(
        f"{done.changed:,} of {done.seen:,} copies since {moment(since)} would fare differently under version {version}."
    )


def _rules(installation: Installation, number: int | None) -> tuple[tuple[Rule, ...], str]:
    from wardmail.app.commands.policy import version_or_active

    version = version_or_active(installation, number)
    return rules_in_force(read_text(version.rows)), version.name if version.number else "built-in"

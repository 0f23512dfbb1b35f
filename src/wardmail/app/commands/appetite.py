"""`wardmail appetite`: how much risk the organisation takes when it shares, and the two people who said so."""

from __future__ import annotations

from dataclasses import replace

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, moment, note, rfc3339, say, table
from wardmail.manage.agreements import stated, with_approval
from wardmail.manage.integrations import BadInput
from wardmail.model.agreement import Appetite, RiskAppetite, appetite_in_force, is_approved
from wardmail.model.person import Approval, Permission

_REASON = reason_option()
_MEANING = {
    Appetite.WAIT: "sharing agreements open nothing: what is not secure waits",
    Appetite.ENCRYPTED: "an agreement lets a copy go when its content is encrypted",
    Appetite.VERIFIED_TLS: "an agreement that is content with verified TLS lets a copy go by it",
}


@click.group()
def command() -> None:
    """The risk appetite: a statement counts when two people besides its author have approved it (SHARE-6)."""


@command.command()
@json_option
@click.pass_obj
def show(config_path: str | None, as_json: bool) -> None:
    """The appetite in force, and every statement."""
    statements = Installation.at(config_path).agreements.statements()
    current = appetite_in_force(statements)
    if as_json:
        emit({"in_force": current.level.value, "statement": current.number, "meaning": _MEANING[current.level]})
        for each in statements:
            emit(_record(each))
        return
    say(f"{current.level.value}: {_MEANING[current.level]}.")
    if statements:
        say()
        rows = [
            (s.number, s.level.value, _state(s), s.author, _approvers(s), moment(s.stated_at), s.reason)
            for s in statements
        ]
        table(("Statement", "Appetite", "State", "Author", "Approved by", "When", "Why"), rows)


@command.command()
@click.argument("level", type=click.Choice([each.value for each in Appetite]))
@click.option("--document", default="", help="Where the board's decision is written.")
@_REASON
@by_option
@json_option
@click.pass_obj
def state(config_path: str | None, *, level: str, document: str, reason: str, by: str, as_json: bool) -> None:
    """Propose an appetite; two other people must approve it."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.APPROVE_POLICY)
    number = max((each.number for each in installation.agreements.statements()), default=0) + 1
    now = installation.clock.now()
    made = stated(Appetite(level), number=number, reason=reason, document=document, author=actor.id, now=now)
    statement = usable(made, "WM-APPETITE")
    installation.agreements.save_statement(statement, "RiskAppetiteStated", actor.id, reason)
    emit(_record(statement)) if as_json else say(f"Statement {number} waits for two approvals.")
    note(f"Next, by two others: wardmail appetite approve {number} --reason '…'")


@command.command()
@click.argument("number", type=int)
@_REASON
@by_option
@json_option
@click.pass_obj
def approve(config_path: str | None, *, number: int, reason: str, by: str, as_json: bool) -> None:
    """Approve a statement that somebody else made."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.APPROVE_POLICY)
    approval = Approval(actor.id, installation.clock.now(), reason)
    outcome = with_approval(_existing(installation, number), approval)
    if isinstance(outcome, BadInput):
        raise CommandFailed("WM-APPETITE-APPROVAL", outcome.reason, "See `wardmail appetite show`.", CONFLICT)
    installation.agreements.save_statement(outcome, "RiskAppetiteApproved", actor.id, reason)
    emit(_record(outcome)) if as_json else say(f"Statement {number} is {_state(outcome)}.")


@command.command()
@click.argument("number", type=int)
@_REASON
@by_option
@json_option
@click.pass_obj
def withdraw(config_path: str | None, *, number: int, reason: str, by: str, as_json: bool) -> None:
    """Take a statement back: the one before it counts again, or none. One person may be more careful alone."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.APPROVE_POLICY)
    approval = Approval(actor.id, installation.clock.now(), reason)
    statement = replace(_existing(installation, number), withdrawn=approval)
    remaining = [statement if each.number == number else each for each in installation.agreements.statements()]
    now_in_force = appetite_in_force(tuple(remaining))
    if list(Appetite).index(now_in_force.level) > list(Appetite).index(statement.level):
        raise CommandFailed(
            "WM-APPETITE-LOOSER",
            f"Without statement {number} the looser statement {now_in_force.number} would count again.",
            "State the appetite that you want; two others approve it.",
            CONFLICT,
        )
    installation.agreements.save_statement(statement, "RiskAppetiteWithdrawn", actor.id, reason)
    emit(_record(statement)) if as_json else say(f"Statement {number} is withdrawn; {now_in_force.level.value} counts.")


def _existing(installation: Installation, number: int) -> RiskAppetite:
    found = next((each for each in installation.agreements.statements() if each.number == number), None)
    if found is None:
        raise not_found("statement", str(number), "wardmail appetite show")
    return found


def _state(statement: RiskAppetite) -> str:
    if statement.withdrawn is not None:
        return "withdrawn"
    return "approved" if is_approved(statement) else "waiting for approval"


def _approvers(statement: RiskAppetite) -> str:
    return ", ".join(each.by for each in statement.approvals) or "-"


def _record(statement: RiskAppetite) -> dict[str, object]:
    return {
        "statement": statement.number,
        "level": statement.level.value,
        "state": _state(statement),
        "reason": statement.reason,
        "document": statement.document,
        "author": statement.author,
        "stated_at": rfc3339(statement.stated_at),
        "approvals": [{"by": a.by, "at": rfc3339(a.at), "reason": a.reason} for a in statement.approvals],
    }

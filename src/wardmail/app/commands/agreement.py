"""`wardmail agreement`: sharing agreements with other organisations, who signed them, and when they end."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import CONFLICT, NOT_FOUND, CommandFailed, not_found, not_permitted
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, day_option, emit, json_option, note, rfc3339, say, table, today_of
from wardmail.manage.agreement_desk import SIGNING, AgreementDesk, AgreementOutcome
from wardmail.manage.agreements import SignOff
from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.model.agreement import AgreedProtection, Agreement
from wardmail.model.classification import Sensitivity
from wardmail.model.person import Approval, Permission
from wardmail.policy.agreement_endings import endings

_LEVELS = {"official": Sensitivity.OFFICIAL, "official-sensitive": Sensitivity.OFFICIAL_SENSITIVE}
_REASON = reason_option()


@click.group()
def command() -> None:
    """Sharing agreements: they let sensitive mail go to a partner whose domain is not known to be secure (SHARE-6).

    An agreement counts when governance and clinical safety have signed it, between its dates, and only as far as
    the risk appetite goes (`wardmail appetite`).
    """


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List agreements, the nearest ending first."""
    installation = Installation.at(config_path)
    today, found = today_of(installation.clock.now()), installation.agreements.all()
    if as_json:
        for each in found.values():
            emit(record_of(each, today))
        return
    rows = [
        (
            each.id,
            each.partner,
            each.standing(today).value,
            str(each.ends),
            each.protection.value,
            ", ".join((*each.domains, *each.addresses)),
        )
        for each in sorted(found.values(), key=lambda each: each.ends)
    ]
    table(("Agreement", "Partner", "Standing", "Ends", "Asks for", "Covers"), rows)


@command.command()
@click.option("--within", type=click.IntRange(0, 4000), default=365, show_default=True, help="Days.")
@json_option
@click.pass_obj
def calendar(config_path: str | None, within: int, as_json: bool) -> None:
    """What ends when, the nearest first."""
    installation = Installation.at(config_path)
    today = today_of(installation.clock.now())
    found = [(left, each) for left, each in endings(installation.agreements.all().values(), today) if left <= within]
    if as_json:
        for left, each in found:
            emit({"agreement": each.id, "partner": each.partner, "ends": str(each.ends), "days_left": left})
        return
    rows = [
        (f"{each.ends.day} {each.ends:%B %Y}", left, "#" * min(40, 1 + left // 10), each.id, each.partner)
        for left, each in found
    ]
    table(("Ends", "Days left", "", "Agreement", "Partner"), rows)


@command.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(config_path: str | None, name: str, as_json: bool) -> None:
    """Show one agreement: what it covers, who signed it."""
    installation = Installation.at(config_path)
    record = record_of(existing(installation, name), today_of(installation.clock.now()))
    if as_json:
        emit(record)
        return
    for key, value in record.items():
        say(f"{key.replace('_', ' '):<18} {_words(value)}")


@command.command()
@click.argument("name")
@click.option("--partner", required=True, help="The organisation.")
@click.option("--domain", "domains", multiple=True, help="Its domain; *.x.example for all below. Repeat for more.")
@click.option("--address", "addresses", multiple=True, help="Single addresses. Repeat for more.")
@click.option("--purpose", required=True, help="What the sharing is for.")
@click.option("--information", required=True, help="What is shared, as 'discharge letters'.")
@click.option("--document", required=True, help="Where the signed agreement is kept.")
@click.option("--lawful-basis", default="", help="As 'UK GDPR 6(1)(e), 9(2)(h)'.")
@click.option("--partner-contact", default="", help="Whom to ask there.")
@click.option("--integration", "integrations", multiple=True, help="Only for these integrations. Default: all.")
@click.option("--highest", type=click.Choice(list(_LEVELS)), default="official-sensitive", show_default=True)
@click.option(
    "--protection",
    type=click.Choice([each.value for each in AgreedProtection]),
    default=AgreedProtection.ENCRYPTED.value,
    show_default=True,
    help="What it asks for: encrypted content, or TLS with a verified name.",
)
@day_option("--starts", help="First day, as 2026-12-01.", required=True)
@day_option("--ends", help="Last day, as 2027-11-30.", required=True)
@_REASON
@by_option
@json_option
@click.pass_obj
def add(config_path: str | None, /, *, name: str, reason: str, by: str, as_json: bool, **given: Any) -> None:
    """Record an agreement. It counts once governance and clinical safety have signed it (`agreement sign`)."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_AGREEMENTS)
    given |= {"highest": _LEVELS[given["highest"]], "protection": AgreedProtection(given["protection"])}
    made = done(desk_of(installation).add(actor, Agreement(id=name, **given), reason), name)
    emit(record_of(made, today_of(installation.clock.now()))) if as_json else say(f"Agreement {name} is recorded.")
    note(f"It counts when both have signed: wardmail agreement sign {name} --part governance|clinical-safety")


@command.command()
@click.argument("name")
@click.option("--part", type=click.Choice([each.value for each in SignOff]), required=True)
@_REASON
@by_option
@json_option
@click.pass_obj
def sign(config_path: str | None, *, name: str, part: str, reason: str, by: str, as_json: bool) -> None:
    """Sign an agreement off for information governance, or for clinical safety: two different people."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, SIGNING[SignOff(part)])
    _say(installation, done(desk_of(installation).sign(actor, name, SignOff(part), reason), name), as_json)


@command.command()
@click.argument("name")
@click.argument("new_name")
@day_option("--ends", help="Last day, as 2028-11-30.", required=True)
@_REASON
@by_option
@json_option
@click.pass_obj
def renew(
    config_path: str | None, *, name: str, new_name: str, ends: date, reason: str, by: str, as_json: bool
) -> None:
    """Make NEW_NAME, the same agreement from today with a later end; it is signed like any other."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_AGREEMENTS)
    _say(installation, done(desk_of(installation).renew(actor, name, new_name, ends, reason), name), as_json)


@command.command()
@click.argument("name")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def end(config_path: str | None, *, name: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """End an agreement now: what it let go is held from this second on."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_AGREEMENTS)
    found = existing(installation, name)
    if not confirm(f"End agreement {name} with {found.partner}?", assume_yes=yes):
        raise SystemExit(1)
    _say(installation, done(desk_of(installation).end(actor, name, reason), name), as_json)


def desk_of(installation: Installation) -> AgreementDesk:
    return AgreementDesk(installation.agreements, installation.register, installation.clock)


def done(outcome: AgreementOutcome | None, name: str) -> Agreement:
    match outcome:
        case None:
            raise not_found("agreement", name, "wardmail agreement list")
        case Forbidden(reason):
            raise not_permitted(reason)
        case BadInput(reason, code):
            status = NOT_FOUND if code.endswith("NOT-FOUND") else CONFLICT
            raise CommandFailed(code or "WM-AGREEMENT", reason, "See `wardmail agreement list`.", status)
        case _:
            return outcome


def _say(installation: Installation, outcome: Agreement, as_json: bool) -> None:
    today = today_of(installation.clock.now())
    if as_json:
        emit(record_of(outcome, today))
    else:
        say(f"Agreement {outcome.id} is {outcome.standing(today).value.replace('-', ' ')}.")


def existing(installation: Installation, name: str) -> Agreement:
    found = installation.agreements.all().get(name)
    if found is None:
        raise not_found("agreement", name, "wardmail agreement list")
    return found


def record_of(agreement: Agreement, today: date) -> dict[str, object]:
    return {
        "agreement": agreement.id,
        "standing": agreement.standing(today).value,
        "partner": agreement.partner,
        "partner_contact": agreement.partner_contact,
        "purpose": agreement.purpose,
        "information": agreement.information,
        "lawful_basis": agreement.lawful_basis,
        "domains": list(agreement.domains),
        "addresses": list(agreement.addresses),
        "integrations": list(agreement.integrations),
        "highest": agreement.highest.label,
        "protection": agreement.protection.value,
        "starts": str(agreement.starts),
        "ends": str(agreement.ends),
        "document": agreement.document,
        "governance": _signature(agreement.governance),
        "clinical_safety": _signature(agreement.clinical_safety),
        "ended": _signature(agreement.ended),
    }


def _signature(approval: Approval | None) -> dict[str, object] | None:
    return None if approval is None else {"by": approval.by, "at": rfc3339(approval.at), "reason": approval.reason}


def _words(value: object) -> str:
    if isinstance(value, dict):
        return f"{value['by']}, {value['at']}: {value['reason']}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None or value == "" else str(value)

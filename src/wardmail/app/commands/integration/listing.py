"""`wardmail integration list`, `show` and `due`: what there is, what it says, and what somebody must see to."""

from __future__ import annotations

import click

from wardmail.app.commands.integration.records import credentials_of, existing, terms_of
from wardmail.app.commands.integration.writing_out import subject_of
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, rfc3339, say, table, today_of
from wardmail.app.periods import parse_period
from wardmail.manage.document_text import Pairs
from wardmail.manage.documents import standing, state_words, written_rows
from wardmail.manage.due import due_items
from wardmail.model.integration import Credential, Integration
from wardmail.model.traffic import Phase
from wardmail.policy.completeness import missing
from wardmail.policy.review import deadline_of, override_on, state_on
from wardmail.store.records import to_plain


@click.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List integrations."""
    installation = Installation.at(config_path)
    found = installation.register.snapshot().integrations.values()
    if as_json:
        for each in found:
            emit(record_of(installation, each))
        return
    today, terms = today_of(installation.clock.now()), terms_of(installation)
    rows = []
    for each in found:
        deadline, override = deadline_of(each, terms), override_on(each, today)
        state = state_on(each, today, terms).value + (f" (override until {override.ask.until})" if override else "")
        owner = each.registration.owner.name if each.registration.owner else ""
        falls_due = deadline.on.isoformat() if deadline else ""
        rows.append((each.id, state, owner, falls_due, each.route, ", ".join(each.senders)))
    table(("Integration", "State", "Owner", "Falls due", "Route", "Senders"), rows)


@click.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(config_path: str | None, name: str, as_json: bool) -> None:
    """Show one integration's record and its credentials (never their secrets)."""
    installation = Installation.at(config_path)
    snapshot, now = installation.register.snapshot(), installation.clock.now()
    integration = existing(snapshot, name)
    if as_json:
        emit(record_of(installation, integration))
        return
    say(integration.name)
    breaker = snapshot.breakers.get(name)
    if breaker is not None and breaker.phase(now) is not Phase.CLOSED:
        say(f"  PAUSED by its circuit breaker until {moment(breaker.until)}: {breaker.reason}")
    for block in standing(subject_of(installation, integration)).blocks:
        _pairs(block.rows if isinstance(block, Pairs) else ())
    say()
    _pairs(_technical(integration))
    say()
    _pairs(written_rows(integration))
    for ask in integration.registration.asks:
        say(f"  Asked         {ask.matter.value} by {ask.by}, {moment(ask.at)}: {ask.reason}")
    say()
    rows = [
        (
            c.username,
            moment(c.created_at),
            moment(c.expires_at) or "never",
            credential_state(c, now),
            ", ".join(c.networks),
        )
        for c in credentials_of(snapshot, name)
    ]
    table(("User name", "Created", "Expires", "State", "Networks"), rows)


@click.command()
@click.option("--within", default="60d", show_default=True, help="How far to look ahead, as 60d.")
@json_option
@click.pass_obj
def due(config_path: str | None, within: str, as_json: bool) -> None:
    """List what somebody must see to: reviews, gaps, overrides, questions that wait. The most urgent first."""
    installation = Installation.at(config_path)
    days = int(parse_period(within) // 86_400)
    found = installation.register.snapshot().integrations.values()
    items = due_items(found, today_of(installation.clock.now()), terms_of(installation), within=days)
    if as_json:
        for each in items:
            emit(to_plain(each))
        return
    if not items:
        say(f"Nothing falls due within {days} days.")
        return
    rows = [
        (each.integration, each.on or "", ("STOPPED: " if each.grave else "") + each.what, each.to_do) for each in items
    ]
    table(("Integration", "By", "What", "To do"), rows)


def credential_state(credential: Credential, now: float) -> str:
    if credential.revoked_at is not None:
        return f"revoked {moment(credential.revoked_at)}"
    expired = credential.expires_at is not None and credential.expires_at <= now
    return "expired" if expired else "in use"


def _technical(integration: Integration) -> tuple[tuple[str, str], ...]:
    limits = integration.limits
    return (
        ("Route", integration.route),
        ("Mass mail", f"by route {bulk_route}" if (bulk_route := integration.traffic.bulk_route) else "refused"),
        ("Senders", ", ".join(integration.senders)),
        ("Networks", ", ".join(integration.networks) or "any"),
        ("Classification", f"{integration.default_sensitivity.label} by default, profile {integration.profile.value}"),
        (
            "Ceilings",
            f"{limits.messages_per_minute or 'no'} messages a minute, {limits.messages_per_day or 'no'} a day, "
            f"{limits.recipients_per_day or 'no'} recipients a day",
        ),
    )


def _pairs(rows: tuple[tuple[str, str], ...]) -> None:
    for words, value in rows:
        say(f"  {words:<29}{value or '-'}")


def record_of(installation: Installation, integration: Integration) -> dict[str, object]:
    now, today, terms = installation.clock.now(), today_of(installation.clock.now()), terms_of(installation)
    deadline = deadline_of(integration, terms)
    state = state_on(integration, today, terms)
    credentials = [
        {"username": c.username, "expires_at": rfc3339(c.expires_at), "state": credential_state(c, now)}
        for c in credentials_of(installation.register.snapshot(), integration.id)
    ]
    return {
        **to_plain(integration),
        "state_today": state.value,
        "state_words": state_words(state),
        "falls_due": deadline.on.isoformat() if deadline else None,
        "missing": [each.id for each in missing(integration)],
        "credentials": credentials,
        "paused": installation.register.snapshot().is_paused(integration.id, now),
    }

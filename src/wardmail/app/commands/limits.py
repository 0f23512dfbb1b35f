"""`wardmail limits`: how full each ceiling is, what counts as mass mail, and who is paused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.commands.integration.records import change_record
from wardmail.app.failures import CONFLICT, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, rfc3339, say, span
from wardmail.model.integration import Integration
from wardmail.model.message import Envelope
from wardmail.model.person import Permission
from wardmail.model.register import Change, RegisterSnapshot
from wardmail.model.route import Route
from wardmail.model.stored import Charge
from wardmail.model.traffic import Breaker, Phase, Traffic
from wardmail.outbound.traffic import charges_of
from wardmail.outbound.upstream_ceilings import ceilings_of
from wardmail.protocol.address import InvalidAddress, parse_address
from wardmail.store.quota import Used
from wardmail.store.records import to_plain

_BAR = 30

TRAFFIC_KEYS = frozenset(
    {
        *("bulk_route", "bulk_recipients", "bulk_window_minutes", "bulk_fan_out", "sender_messages_per_minute"),
        *("sender_recipients_per_day", "bounce_percent", "refusal_percent", "complaint_percent", "cooling_minutes"),
    }
)
"""The options of `limits set` that a records file says as well."""


@click.group()
def command() -> None:
    """Limits that protect the relays. All processes share them."""


@command.command()
@click.option("--integration", default="", help="Only this integration's.")
@click.option("--route", default="", help="Only this route's.")
@json_option
@click.pass_obj
def show(config_path: str | None, integration: str, route: str, as_json: bool) -> None:
    """Show how full each ceiling is, and when there is room again."""
    installation = Installation.at(config_path)
    snapshot = installation.register.snapshot()
    for kind, wanted, known in (("integration", integration, snapshot.integrations), ("route", route, snapshot.routes)):
        if wanted and wanted not in known:
            raise not_found(kind, wanted, f"wardmail {kind} list")
    now = installation.clock.now()
    for name in [integration] if integration or route else snapshot.breakers:
        _tell_breaker(installation, snapshot.breakers.get(name), now, as_json)
    for kind, name, charges in _ceilings(snapshot, integration, route, now):
        used = installation.limits.used(charges)
        if as_json:
            for each in used:
                emit(_record(kind, name, each))
        elif used:
            _draw(kind, name, used, now)
            say(f"  {_bulk(snapshot.integrations[name])}\n" if kind == "integration" else "")


@command.command("set")
@click.argument("integration")
@click.option("--bulk-route", help="Where its mass mail goes; '' for nowhere: mass mail is refused.")
@click.option(
    "--bulk-recipients",
    type=click.IntRange(0, 100_000),
    help="More people than this in a window are mass mail. 0: off.",
)
@click.option("--bulk-window-minutes", type=click.IntRange(1, 1440))
@click.option("--bulk-fan-out", type=click.IntRange(1), help="More recipients of one message than this are mass mail.")
@click.option("--sender-messages-per-minute", type=click.IntRange(0), help="For each sender address. 0: no ceiling.")
@click.option("--sender-recipients-per-day", type=click.IntRange(0), help="For each sender address. 0: no ceiling.")
@click.option("--bounce-percent", type=click.FloatRange(0, 100), help="Pause above this share of bounces. 0: never.")
@click.option("--refusal-percent", type=click.FloatRange(0, 100), help="The same for refusals by relays. 0: never.")
@click.option("--complaint-percent", type=click.FloatRange(0, 100), help="The same for complaints. 0: never.")
@click.option("--cooling-minutes", type=click.IntRange(1, 1440), help="How long the first pause is.")
@by_option
@json_option
@click.pass_obj
def set_(config_path: str | None, /, *, integration: str, by: str, as_json: bool, **options: Any) -> None:
    """Change what an integration may send before it is mass mail, or is paused."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RUN_INTEGRATIONS)
    snapshot = installation.register.snapshot()
    if integration not in snapshot.integrations:
        raise not_found("integration", integration, "wardmail integration list")
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        to_do = "Say what to change: `wardmail limits set --help` has the options."
        raise CommandFailed("WM-OPTION-MISSING", "Nothing is to be changed.", to_do, USAGE)
    _check_bulk_route(snapshot, with_limits(snapshot.integrations[integration].traffic, given).bulk_route)
    traffic = save_limits(installation, integration, given, actor.id)
    if as_json:
        emit({"integration": integration, **to_plain(traffic)})
    else:
        say(f"The limits of {integration} are saved; every process keeps them within a second.")


@command.command()
@click.argument("integration")
@reason_option("What was mended; kept in the audit with your name.")
@by_option
@json_option
@click.pass_obj
def resume(config_path: str | None, *, integration: str, reason: str, by: str, as_json: bool) -> None:
    """Let an integration send again that its circuit breaker had paused."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RUN_INTEGRATIONS)
    if integration not in installation.register.snapshot().integrations:
        raise not_found("integration", integration, "wardmail integration list")
    if installation.breakers.close(integration, actor.id, reason) is None:
        raise CommandFailed("WM-NOT-PAUSED", f"{integration} is not paused.", "See `wardmail limits show`.", CONFLICT)
    emit({"integration": integration, "paused": False}) if as_json else say(f"{integration} may send again.")


def _tell_breaker(installation: Installation, breaker: Breaker | None, now: float, as_json: bool) -> None:
    if breaker is None:
        return
    phase = breaker.phase(now)
    if as_json:
        record = {"integration": breaker.integration_id, "breaker": phase.value, "reason": breaker.reason}
        emit(record | {"opened_at": rfc3339(breaker.opened_at), "until": rfc3339(breaker.until)})
    elif phase is Phase.OPEN:
        say(f"PAUSED  {breaker.integration_id} for {span(breaker.until - now)}: {breaker.reason}")
        say(
            f"        Its mail waits. Mend the cause, then: wardmail limits resume {breaker.integration_id} --reason …\n"
        )
    elif phase is Phase.TRIAL:
        tally = installation.breakers.tally(breaker.integration_id)
        say(f"ON TRIAL  {breaker.integration_id}: {tally.sent} sent, {tally.bounced + tally.refused} failed")
        say(f"        It was paused because {breaker.reason}\n")


def with_limits(traffic: Traffic, given: Mapping[str, Any]) -> Traffic:
    """0 turns a limit off."""
    sorted_out: dict[str, dict[str, Any]] = {"bulk": {}, "breaker": {}, "": {}}
    for name, value in given.items():
        if name in ("bulk_recipients", "bulk_window_minutes", "bulk_fan_out"):
            sorted_out["bulk"][name.removeprefix("bulk_")] = value or None
        elif name.endswith("_percent") or name == "cooling_minutes":
            sorted_out["breaker"][name] = value or None
        else:
            sorted_out[""][name] = value if name == "bulk_route" else value or None
    return replace(
        traffic,
        bulk=replace(traffic.bulk, **sorted_out["bulk"]),
        breaker=replace(traffic.breaker, **sorted_out["breaker"]),
        **sorted_out[""],
    )


def save_limits(installation: Installation, name: str, given: Mapping[str, Any], actor: str) -> Traffic:
    """What is not `given` stays as it is at that moment, whoever else changes the record meanwhile."""
    made = Change("IntegrationSaved", actor, "limits were set")
    changed = change_record(
        installation, name, lambda each, _: replace(each, traffic=with_limits(each.traffic, given)), made
    )
    return changed.traffic


def _check_bulk_route(snapshot: RegisterSnapshot, name: str) -> None:
    if not name:
        return
    route = snapshot.routes.get(name)
    if route is None:
        raise not_found("route", name, "wardmail route list")
    if not route.carries_bulk:
        raise CommandFailed(
            "WM-BULK-ROUTE",
            f"Route {name} does not carry mass mail.",
            "Use one that may: a mass-mailing service, made with `wardmail route create … --for-bulk`.",
            USAGE,
        )


def _ceilings(
    snapshot: RegisterSnapshot, integration: str, route: str, now: float
) -> Iterator[tuple[str, str, tuple[Charge, ...]]]:
    """What has ceilings, each with a charge of one for every ceiling."""
    for each in snapshot.integrations.values():
        if each.id == integration or not (integration or route):
            yield "integration", each.id, _of_integration(each)
    seen: set[str] = set()
    for way in snapshot.routes.values():
        if way.name == route or not (integration or route):
            charges = _of_route(way, snapshot.routes.values(), now)
            if way.account_key not in seen:
                sharing = [each.name for each in snapshot.routes.values() if each.account_key == way.account_key]
                yield "route", " and ".join(sharing), charges
            seen.add(way.account_key)


def _of_integration(integration: Integration) -> tuple[Charge, ...]:
    found: dict[Charge, None] = {}
    for text in (None, *(each for each in integration.senders if not each.startswith("@"))):
        sender = parse_address(text) if text else None
        envelope = Envelope(None if isinstance(sender, InvalidAddress) else sender, ())
        found |= dict.fromkeys(charges_of(integration, envelope, 1))
    return tuple(found)


def _of_route(route: Route, routes: Iterable[Route], now: float) -> tuple[Charge, ...]:
    return ceilings_of(route, routes, datetime.fromtimestamp(now, UTC).date(), 1)


def _record(kind: str, name: str, used: Used) -> dict[str, object]:
    charge = used.charge
    return {
        kind: name,
        "ceiling": charge.key.partition(":")[0],
        "of": charge.key.partition(":")[2],
        "window_seconds": charge.window,
        "used": used.used,
        "limit": charge.limit,
        "room_at": rfc3339(used.room_at),
    }


def _draw(kind: str, name: str, used: Sequence[Used], now: float) -> None:
    say(f"{kind.capitalize()} {name}")
    width = max(len(_label(each.charge)) for each in used)
    for each in used:
        charge = each.charge
        filled = _BAR if each.used >= charge.limit else _BAR * each.used // charge.limit
        bar = "█" * filled + "░" * (_BAR - filled)
        later = f"  room in {span(max(1.0, each.room_at - now))}" if each.room_at is not None else ""
        say(f"  {_label(charge):<{width}}  {bar} {each.used:>7,} of {charge.limit:,}{later}")


def _bulk(integration: Integration) -> str:
    traffic = integration.traffic
    what = "declared mass mail"
    if traffic.bulk.recipients is not None:
        what = f"more than {traffic.bulk.recipients:,} people in {traffic.bulk.window_minutes} min is mass mail"
    return f"{what}: {f'by route {traffic.bulk_route}' if traffic.bulk_route else 'refused'}"


def _label(charge: Charge) -> str:
    what, _, of = charge.key.partition(":")
    period = {60: "minute", 3600: "hour", 86_400: "day"}.get(charge.window, span(charge.window))
    whose = f" ({of})" if what.startswith("sender") else ""
    return f"{what.rpartition('-')[2]} a {period}{whose}"

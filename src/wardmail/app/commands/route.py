"""`wardmail route`: the named ways out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import CONFLICT, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import confirm, emit, json_option, note, say, table
from wardmail.app.route_options import route_options, with_options
from wardmail.manage import integrations, routes
from wardmail.model.person import Permission, Person
from wardmail.model.route import Accreditation, Route, RouteKind
from wardmail.store.records import to_plain


@click.group()
def command() -> None:
    """Routes: NHSmail, Exchange Online, any smarthost, direct delivery, or the sandbox."""


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List routes."""
    found = Installation.at(config_path).register.snapshot().routes.values()
    if as_json:
        for each in found:
            emit(to_plain(each))
        return
    rows = [
        (r.name, r.kind.value, f"{r.host}:{r.port}" if r.host else "", r.tls.name.lower(), _mass(r), _standing(r))
        for r in found
    ]
    table(("Route", "Kind", "Upstream", "TLS", "Mass mail", "DCB1596"), rows)


@command.command()
@click.argument("name")
@json_option
@click.pass_obj
def show(config_path: str | None, name: str, as_json: bool) -> None:
    """Show one route; secrets only by reference."""
    route = existing(Installation.at(config_path), name)
    if as_json:
        emit(to_plain(route))
        return
    for key, value in to_plain(route).items():
        say(f"{key:<16}{value}")
    for problem in routes.problems(route):
        note(f"! {problem}")


@command.command()
@click.argument("name")
@click.option("--kind", type=click.Choice([kind.value for kind in RouteKind]), required=True)
@route_options
@by_option
@json_option
@click.pass_obj
def create(config_path: str | None, /, *, name: str, kind: str, by: str, as_json: bool, **options: Any) -> None:
    """Make a route. The kind brings its usual host, log-in, limits and tag; options change them."""
    installation = Installation.at(config_path)
    if name in installation.register.snapshot().routes:
        raise CommandFailed(
            "WM-ROUTE-EXISTS", f"There is a route {name} already.", "Use `wardmail route change`.", CONFLICT
        )
    name = usable(integrations.checked_name(name), "WM-NAME")
    _save(installation, with_options(routes.preset(RouteKind(kind), name), options, installation), by, as_json)


@command.command()
@click.argument("name")
@route_options
@by_option
@json_option
@click.pass_obj
def change(config_path: str | None, /, *, name: str, by: str, as_json: bool, **options: Any) -> None:
    """Change a route. Mail that is queued already takes the changed route."""
    installation = Installation.at(config_path)
    was = existing(installation, name)
    _save(installation, with_options(was, options, installation), by, as_json, was)


@command.command()
@click.argument("name")
@click.option("--evidence", required=True, help="Who says that the service meets DCB1596, and where that is written.")
@click.option("--expires", required=True, help="Last day on which it counts, as 2027-03-31.")
@by_option
@json_option
@click.pass_obj
def accredit(config_path: str | None, *, name: str, evidence: str, expires: str, by: str, as_json: bool) -> None:
    """Record that a route's service is accredited: sensitive mail takes no other (SEC-2)."""
    try:
        day = datetime.strptime(expires, "%Y-%m-%d").date()  # noqa: DTZ007 (a day has no time zone)
    except ValueError as error:
        raise CommandFailed("WM-DATE", f"{expires!r} is no date.", "Write it as 2027-03-31.", USAGE) from error
    installation = Installation.at(config_path)
    was = existing(installation, name)
    _save(installation, replace(was, accreditation=Accreditation("DCB1596", evidence, day)), by, as_json, was)


@command.command()
@click.argument("name")
@by_option
@json_option
@click.pass_obj
def pause(config_path: str | None, name: str, by: str, as_json: bool) -> None:
    """Stop sending by a route; its mail waits."""
    installation = Installation.at(config_path)
    was = existing(installation, name)
    _save(installation, replace(was, paused=True), by, as_json, was)


@command.command()
@click.argument("name")
@by_option
@json_option
@click.pass_obj
def resume(config_path: str | None, name: str, by: str, as_json: bool) -> None:
    """Send by a paused route again."""
    installation = Installation.at(config_path)
    was = existing(installation, name)
    _save(installation, replace(was, paused=False), by, as_json, was)


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def remove(config_path: str | None, *, name: str, yes: bool, by: str, as_json: bool) -> None:
    """Remove a route that no integration uses. Mail queued for it waits until there is such a route again."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    existing(installation, name)
    users = [
        each.id
        for each in installation.register.snapshot().integrations.values()
        if name in (each.route, each.traffic.bulk_route)
    ]
    if users:
        who = ", ".join(users)
        raise CommandFailed(
            "WM-ROUTE-IN-USE", f"{who} sends by route {name}.", "Give it another route first.", CONFLICT
        )
    if not confirm(f"Remove route {name}?", assume_yes=yes):
        raise SystemExit(1)
    installation.register.remove_route(name, actor.id)
    emit({"route": name, "removed": True}) if as_json else say(f"Route {name} is removed.")


def save(installation: Installation, route: Route, actor: Person, *, was: Route | None = None) -> None:
    """`was`: the record that `route` was made from; what others changed meanwhile stays. Raises CommandFailed."""
    found = routes.problems(route)
    if found:
        raise CommandFailed("WM-ROUTE-INVALID", f"Route {route.name} cannot be used yet.", " ".join(found), USAGE)
    if was is None:
        installation.register.save_route(route, actor.id)
    elif installation.register.change_route(was, route, actor.id) is None:
        raise not_found("route", route.name, "wardmail route list")


def _save(installation: Installation, route: Route, by: str, as_json: bool, was: Route | None = None) -> None:
    save(installation, route, acting_person(installation, by, Permission.CHANGE_ROUTES), was=was)
    emit(to_plain(route)) if as_json else say(f"Route {route.name} is saved.")
    if route.accreditation is None and route.kind is not RouteKind.SANDBOX:
        note(f"Sensitive mail is held until its accreditation is recorded: wardmail route accredit {route.name}")


def existing(installation: Installation, name: str) -> Route:
    found = installation.register.snapshot().routes
    if name not in found:
        raise not_found("route", name, "wardmail route list")
    return found[name]


def _standing(route: Route) -> str:
    return f"until {route.accreditation.expires}" if route.accreditation else "not recorded"


def _mass(route: Route) -> str:
    return "never" if route.is_user_facing else "yes" if route.carries_bulk else "no"

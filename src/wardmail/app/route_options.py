"""The options that make or change a route, and how they change one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.model.route import AuthMechanism, OAuthClient, Route, TlsLevel, TlsMode, WarmUp
from wardmail.model.secret_reference import FORMS, is_reference

F = TypeVar("F", bound=Callable[..., Any])

_LEVELS = {"verified": TlsLevel.VERIFIED, "encrypted": TlsLevel.ENCRYPTED, "opportunistic": TlsLevel.NONE}

_OPTIONS = (
    click.option("--host", help="Name of the upstream server, as its certificate has it."),
    click.option("--port", type=click.IntRange(1, 65_535)),
    click.option("--tls-mode", type=click.Choice([mode.value for mode in TlsMode])),
    click.option("--tls", type=click.Choice(list(_LEVELS)), help="The least that every message needs."),
    click.option("--ca-file", help="PEM file of the authorities to trust for it, instead of the system's."),
    click.option("--auth", type=click.Choice([mechanism.value for mechanism in AuthMechanism])),
    click.option("--username"),
    click.option("--password-ref", help="Where the password is, as keystore:NAME or vault:MOUNT/PATH#FIELD."),
    click.option("--password-stdin", is_flag=True, help="Read the password from standard input into the keystore."),
    click.option("--token-endpoint", help="OAuth: address that gives access tokens."),
    click.option("--client-id", help="OAuth: our application's ID."),
    click.option(
        "--client-secret-ref", help="OAuth: where the client secret is, as keystore:NAME or azure:VAULT/SECRET."
    ),
    click.option("--client-secret-stdin", is_flag=True, help="OAuth: read the client secret into the keystore."),
    click.option("--scope", help="OAuth: scope. Exchange Online: https://outlook.office365.com/.default"),
    click.option("--secure-tag", help="The word in the subject that makes the upstream encrypt, as [secure]."),
    click.option("--messages-per-minute", type=click.IntRange(0), help="0: no ceiling."),
    click.option("--recipients-per-day", type=click.IntRange(0), help="0: no ceiling."),
    click.option("--connections", type=click.IntRange(1, 200), help="Per worker process."),
    click.option(
        "--user-facing/--not-user-facing", default=None, help="People's own mail goes by it: mass mail never does."
    ),
    click.option("--for-bulk/--not-for-bulk", default=None, help="Mass mail may go by it."),
    click.option("--account", help="Routes that name the same account share its ceilings."),
    click.option(
        "--warm-up-days", type=click.IntRange(0, 365), help="Rise to the day's ceiling from today. 0: at once."
    ),
    click.option("--template", help="GOV.UK Notify: ID of the template with ((subject)) and ((body))."),
)

_PLAIN = ("host", "port", "ca_file", "username", "secure_tag", "account", "template")
_LIMITS = ("messages_per_minute", "recipients_per_day", "connections")


def route_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def with_options(route: Route, options: dict[str, Any], installation: Installation) -> Route:
    """The route as the given options change it; a secret on standard input goes into the keystore, never into a record."""
    given = {name: value for name, value in options.items() if value not in (None, False)}
    changes: dict[str, Any] = {name: given[name] for name in _PLAIN if name in given}
    changes |= {name: options[name] for name in ("user_facing", "for_bulk") if options[name] is not None}
    if options["warm_up_days"] is not None:
        days = options["warm_up_days"]
        changes["warm_up"] = (
            WarmUp(datetime.fromtimestamp(installation.clock.now(), UTC).date(), days) if days else None
        )
    if "tls" in given:
        changes["tls"] = _LEVELS[given["tls"]]
    if "tls_mode" in given:
        changes["tls_mode"] = TlsMode(given["tls_mode"])
    if "auth" in given:
        changes["auth"] = AuthMechanism(given["auth"])
    secret = _secret(route, given, "password", installation)
    if secret:
        changes["secret_ref"] = secret
    limits: dict[str, Any] = {name: given[name] or None for name in _LIMITS if name in given}
    changes["limits"] = replace(route.limits, **limits)
    changes["oauth"] = _oauth(route, given, installation)
    return replace(route, **changes)


def _oauth(route: Route, given: dict[str, Any], installation: Installation) -> OAuthClient | None:
    secret = _secret(route, given, "client_secret", installation)
    fields: dict[str, Any] = {name: given[name] for name in ("token_endpoint", "client_id", "scope") if name in given}
    if secret:
        fields["secret_ref"] = secret
    if not fields:
        return route.oauth
    return replace(route.oauth or OAuthClient("", "", "", ""), **fields)


def _secret(route: Route, given: dict[str, Any], kind: str, installation: Installation) -> str | None:
    if given.get(f"{kind}_stdin"):
        secret = sys.stdin.read().rstrip("\r\n")
        if not secret:
            raise CommandFailed("WM-SECRET-EMPTY", "Standard input was empty.", "Pipe the secret in.", USAGE)
        name = f"route-{route.name}-{kind.replace('_', '-')}"
        installation.keystore.put(name, "route-secret", secret.encode(), since=str(installation.clock.now()))
        return f"keystore:{name}"
    reference = given.get(f"{kind}_ref")
    if reference is not None and not is_reference(reference):
        raise CommandFailed(
            "WM-SECRET-LITERAL",
            "That looks like a secret itself; a command line is no place for one.",
            f"Pipe it in with --{kind.replace('_', '-')}-stdin, or name where it is: {FORMS}.",
            USAGE,
        )
    return reference

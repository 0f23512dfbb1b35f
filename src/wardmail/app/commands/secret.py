"""`wardmail secret`: what the keystore holds, by name; never what it is."""

from __future__ import annotations

import sys

import click

from wardmail.app.failures import USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, emit, json_option, say, table


@click.group()
def command() -> None:
    """Secrets in the sealed keystore. They go in by standard input, and never come out on a screen."""


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """Names and kinds."""
    entries = Installation.at(config_path).keystore.entries()
    if as_json:
        for each in entries:
            emit({"name": each.name, "kind": each.kind, **each.meta})
        return
    table(("Name", "Kind", "About"), [(each.name, each.kind, " ".join(each.meta.values())) for each in entries])


@command.command()
@click.argument("name")
@json_option
@click.pass_obj
def put(config_path: str | None, name: str, as_json: bool) -> None:
    """Read a secret from standard input and keep it as keystore:NAME."""
    secret = sys.stdin.buffer.read().rstrip(b"\r\n")
    if not secret:
        raise CommandFailed("WM-SECRET-EMPTY", "Standard input was empty.", "Pipe the secret in.", USAGE)
    Installation.at(config_path).keystore.put(name, "route-secret", secret)
    emit({"name": name, "kept": True}) if as_json else say(f"Kept. Refer to it as keystore:{name}")


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def remove(config_path: str | None, name: str, yes: bool, as_json: bool) -> None:
    """Destroy a route's secret. Data keys and signing keys are not removed here."""
    keystore = Installation.at(config_path).keystore
    if name not in keystore.names("route-secret"):
        raise not_found("route secret", name, "wardmail secret list")
    if not confirm(f"Destroy the secret {name}? Routes that refer to it stop.", assume_yes=yes):
        raise SystemExit(1)
    keystore.delete(name)
    emit({"name": name, "removed": True}) if as_json else say(f"{name} is destroyed.")

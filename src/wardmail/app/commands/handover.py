"""`wardmail handover`: how each integration gets what came in for it, and what it wants to be kept from."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import confirm, emit, json_option, note, say, table
from wardmail.manage.handover_words import place_in_words
from wardmail.manage.sources import handover_problems
from wardmail.model.handover import Handover, HandoverKind
from wardmail.model.person import Permission
from wardmail.model.route import TlsMode
from wardmail.model.verdict import Action, Wishes
from wardmail.store.records import to_plain

_PLAIN = ("directory", "url", "host", "port", "ca_file", "username", "socket", "folder", "quarantine_days")
_LISTS = ("recipients", "signing_refs")
_WISH_LISTS = ("allow", "deny", "protected_names", "own_domains")
_WISH_ACTIONS = ("on_denied", "on_dangerous", "on_malware", "on_dmarc_reject")
_WISH_NUMBERS = ("warn_at", "quarantine_at")
_ACTIONS = click.Choice([action.value for action in Action])

_OPTIONS = (
    click.option("--kind", type=click.Choice([kind.value for kind in HandoverKind])),
    click.option("--directory", help="maildir: its whole path."),
    click.option("--url", help="webhook: its https address."),
    click.option(
        "--signing-ref", "signing_refs", multiple=True, help="webhook: where its secret is; twice to change it."
    ),
    click.option(
        "--signing-stdin", is_flag=True, help="webhook: read its secret from standard input into the keystore."
    ),
    click.option("--allow-private/--public-only", default=None, help="webhook: may its address be a private one?"),
    click.option("--host", help="smtp, lmtp, imap: the server, as its certificate has it."),
    click.option("--port", type=click.IntRange(1, 65_535)),
    click.option("--tls-mode", type=click.Choice([mode.value for mode in TlsMode])),
    click.option("--socket", help="lmtp: the path of its socket on this machine."),
    click.option("--ca-file", help="PEM file of the authorities to trust for it, instead of the system's."),
    click.option("--username", help="smtp, imap: the log-in."),
    click.option("--password-ref", help="Where its password is, as keystore:NAME."),
    click.option("--to", "recipients", multiple=True, help="smtp, lmtp: whom it goes to, instead of whom it came for."),
    click.option("--folder", help="imap: the folder."),
    click.option("--quarantine-days", type=click.IntRange(1, 3650), help="How long people may decide."),
    click.option("--allow", multiple=True, help="Attachment types that alone are taken: a MIME type, or .extension."),
    click.option("--deny", multiple=True, help="Attachment types that are not taken."),
    click.option(
        "--own-domain", "own_domains", multiple=True, help="Domains of ours: mail that claims them must prove it."
    ),
    click.option("--protect", "protected_names", multiple=True, help="Names and domains that others imitate."),
    click.option("--on-denied", type=_ACTIONS),
    click.option("--on-dangerous", type=_ACTIONS),
    click.option("--on-malware", type=click.Choice([Action.QUARANTINE.value, Action.REFUSE.value])),
    click.option("--on-dmarc-reject", type=_ACTIONS),
    click.option("--warn-at", type=click.IntRange(0, 10_000), help="Sum of weights from which a warning is added."),
    click.option("--quarantine-at", type=click.IntRange(0, 10_000), help="Sum of weights from which it is kept back."),
)


def _options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Handovers: who says nothing collects his mail himself (`wardmail inbound`)."""


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List how each integration gets its mail."""
    found = Installation.at(config_path).register.snapshot().handovers.values()
    if as_json:
        for each in found:
            emit(to_plain(each))
        return
    table(
        ("Integration", "Kind", "Where"), [(each.integration, each.kind.value, place_in_words(each)) for each in found]
    )


@command.command()
@click.argument("integration")
@json_option
@click.pass_obj
def show(config_path: str | None, integration: str, as_json: bool) -> None:
    """Show one handover and its wishes; secrets are shown as references only."""
    terms = _existing(Installation.at(config_path), integration)
    if as_json:
        emit(to_plain(terms))
        return
    plain = to_plain(terms)
    for key, value in {**plain, **plain.pop("wishes")}.items():
        if value not in ("", [], None, 0) and key != "wishes":
            say(f"{key:<18}{', '.join(map(str, value)) if isinstance(value, list) else value}")


@command.command("set")
@click.argument("integration")
@_options
@reason_option(required=False)
@by_option
@json_option
@click.pass_obj
def set_(config_path: str | None, /, *, integration: str, reason: str, by: str, as_json: bool, **options: Any) -> None:
    """Say how an integration gets its mail. What is not said stays as it is; 'none' empties a list."""
    installation = Installation.at(config_path)
    snapshot = installation.register.snapshot()
    if integration not in snapshot.integrations:
        raise not_found("integration", integration, "wardmail integration list")
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    terms = _changed(snapshot.handovers.get(integration) or Handover(integration), options, installation)
    problems = handover_problems(terms)
    if problems:
        raise CommandFailed("WM-HANDOVER-INVALID", "The handover cannot be used so.", " ".join(problems), USAGE)
    installation.sources.save_handover(terms, actor.id, reason)
    how = "read by the gateway itself" if terms.kind is HandoverKind.REPORTS else f"handed over by {terms.kind.value}"
    emit(to_plain(terms)) if as_json else say(f"Mail for {integration} is {how}.")
    if terms.kind is HandoverKind.PULL and not as_json:
        note(f"It waits to be collected: wardmail inbound list --integration {integration}")


@command.command()
@click.argument("integration")
@reason_option()
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def remove(config_path: str | None, *, integration: str, reason: str, yes: bool, by: str, as_json: bool) -> None:
    """Forget how an integration gets its mail: it then waits to be collected."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.CHANGE_ROUTES)
    _existing(installation, integration)
    if not confirm(f"Remove the handover of {integration}?", assume_yes=yes):
        raise SystemExit(1)
    installation.sources.remove_handover(integration, actor.id, reason)
    emit({"integration": integration, "removed": True}) if as_json else say(f"Mail for {integration} waits now.")


def _changed(terms: Handover, options: dict[str, Any], installation: Installation) -> Handover:
    given = {name: value for name, value in options.items() if value not in (None, (), False)}
    changes: dict[str, Any] = {name: given[name] for name in _PLAIN if name in given}
    changes |= {name: _list(given[name]) for name in _LISTS if name in given}
    if "kind" in given:
        changes["kind"] = HandoverKind(given["kind"])
    if "tls_mode" in given:
        changes["tls_mode"] = TlsMode(given["tls_mode"])
    if options["allow_private"] is not None:
        changes["allow_private"] = options["allow_private"]
    if "password_ref" in given:
        changes["secret_ref"] = given["password_ref"]
    if given.get("signing_stdin"):
        changes["signing_refs"] = (_into_keystore(terms, installation),)
    return replace(terms, wishes=_wishes(terms.wishes, given), **changes)


def _wishes(wishes: Wishes, given: dict[str, Any]) -> Wishes:
    changes: dict[str, Any] = {name: _list(given[name]) for name in _WISH_LISTS if name in given}
    changes |= {name: Action(given[name]) for name in _WISH_ACTIONS if name in given}
    changes |= {name: given[name] for name in _WISH_NUMBERS if name in given}
    return replace(wishes, **changes)


def _list(values: tuple[str, ...]) -> tuple[str, ...]:
    return () if values == ("none",) else values


def _into_keystore(terms: Handover, installation: Installation) -> str:
    secret = sys.stdin.read().rstrip("\r\n")
    if not secret:
        raise CommandFailed("WM-SECRET-EMPTY", "Standard input was empty.", "Pipe the secret in.", USAGE)
    name = f"handover-{terms.integration}-signing"
    installation.keystore.put(name, "route-secret", secret.encode(), since=str(installation.clock.now()))
    return f"keystore:{name}"


def _existing(installation: Installation, integration: str) -> Handover:
    found = installation.register.snapshot().handovers.get(integration)
    if found is None:
        raise not_found("handover", integration, "wardmail handover list")
    return found

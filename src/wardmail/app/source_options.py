"""The options that make or change a source, and how they change one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

import click

from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.model.mailbox import MailboxAccount, MailboxKind, Settlement
from wardmail.model.route import OAuthClient
from wardmail.model.source import PlainPeer, SmtpTerms, Source, SourceKind

F = TypeVar("F", bound=Callable[..., Any])

_PORTS = {MailboxKind.IMAP: 993, MailboxKind.POP3: 995, MailboxKind.GRAPH: 443, MailboxKind.EWS: 443}
_HOSTS = {MailboxKind.GRAPH: "graph.microsoft.com"}
_SCOPES = {
    MailboxKind.GRAPH: "https://graph.microsoft.com/.default",
    MailboxKind.IMAP: "https://outlook.office365.com/.default",
    MailboxKind.POP3: "https://outlook.office365.com/.default",
    MailboxKind.EWS: "https://outlook.office365.com/.default",
}
_PLAIN = ("host", "port", "username", "ca_file", "folder", "done_folder")

_OPTIONS = (
    click.option("--recipient", "recipients", multiple=True, help="smtp: an address, or @domain. Again for more."),
    click.option("--relay", "relays", multiple=True, help="smtp: a network whose peers alone may deliver."),
    click.option(
        "--plain-peer",
        "plain_peers",
        multiple=True,
        metavar="NETWORK,DAY,WHY",
        help="smtp: peers that may speak without TLS until that day, and why; 'none' ends all exceptions.",
    ),
    click.option("--trust-hop", help="Believe the Authentication-Results of this upstream, as it calls itself."),
    click.option("--host", help="Name of the mailbox's server, as its certificate has it."),
    click.option("--port", type=click.IntRange(1, 65_535)),
    click.option("--username", help="The service account, or the mailbox's address."),
    click.option("--password-ref", help="Where the password is, as keystore:NAME or vault:MOUNT/PATH#FIELD."),
    click.option("--password-stdin", is_flag=True, help="Read the password from standard input into the keystore."),
    click.option("--token-endpoint", help="OAuth: address that gives access tokens."),
    click.option("--client-id", help="OAuth: our application's ID."),
    click.option("--client-secret-ref", help="OAuth: where the client secret is."),
    click.option("--scope", help="OAuth: scope; the kind's usual one when it is not said."),
    click.option("--ca-file", help="PEM file of the authorities to trust for it, instead of the system's."),
    click.option("--folder", help="Where mail is collected from."),
    click.option("--done-folder", help="Where it is moved to once the application has it."),
    click.option("--settlement", type=click.Choice([each.value for each in Settlement])),
    click.option("--largest-mb", type=click.IntRange(1, 500)),
)


def source_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def blank_source(name: str, integration: str, kind: SourceKind) -> Source:
    if kind is SourceKind.SMTP:
        return Source(name, integration, kind, smtp=SmtpTerms())
    of = MailboxKind(kind.value)
    settlement = Settlement.DELETE if of is MailboxKind.POP3 else Settlement.MOVE
    account = MailboxAccount(of, _HOSTS.get(of, ""), _PORTS[of], "", settlement=settlement)
    if of in (MailboxKind.GRAPH, MailboxKind.EWS):
        account = replace(account, folder="inbox")
    return Source(name, integration, kind, mailbox=account)


def with_options(source: Source, options: dict[str, Any], installation: Installation, by: str) -> Source:
    """The source as the given options change it; a secret on standard input goes into the keystore, never into a record."""
    given = {name: value for name, value in options.items() if value not in (None, False, ())}
    if "trust_hop" in given:
        source = replace(source, trusted_hop=given.pop("trust_hop").strip().lower())
    if source.smtp is not None:
        _no_others(source, given, {"recipients", "relays", "plain_peers"})
        return replace(source, smtp=_terms(source.smtp, given, by))
    assert source.mailbox is not None
    _no_others(source, given, {*_PLAIN, "password_ref", "password_stdin", "settlement", "largest_mb", *_OAUTH})
    return replace(source, mailbox=_account(source, source.mailbox, given, installation))


_OAUTH = ("token_endpoint", "client_id", "client_secret_ref", "scope")


def _no_others(source: Source, given: dict[str, Any], known: set[str]) -> None:
    strange = sorted(set(given) - known)
    if strange:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in strange)
        what = f"A source of the kind {source.kind.value} has no {names}."
        raise CommandFailed("WM-SOURCE-OPTION", what, "See --help.", USAGE)


def _terms(terms: SmtpTerms, given: dict[str, Any], by: str) -> SmtpTerms:
    changes: dict[str, Any] = {name: given[name] for name in ("recipients", "relays") if name in given}
    if "plain_peers" in given:
        changes["plain_peers"] = tuple(_plain_peer(text, by) for text in given["plain_peers"] if text != "none")
    return replace(terms, **changes)


def _plain_peer(text: str, by: str) -> PlainPeer:
    network, _, rest = text.partition(",")
    day, _, why = rest.partition(",")
    try:
        return PlainPeer(network.strip(), date.fromisoformat(day.strip()), _needed(why.strip()), by)
    except ValueError as error:
        what = f"{text!r} is no exception from TLS."
        raise CommandFailed("WM-SOURCE-EXCEPTION", what, "Write 192.0.2.7/32,2027-03-31,why it is.", USAGE) from error


def _needed(why: str) -> str:
    if not why:
        raise ValueError("no reason")
    return why


def _account(
    source: Source, account: MailboxAccount, given: dict[str, Any], installation: Installation
) -> MailboxAccount:
    changes: dict[str, Any] = {name: given[name] for name in _PLAIN if name in given}
    if "settlement" in given:
        changes["settlement"] = Settlement(given["settlement"])
    if "largest_mb" in given:
        changes["largest"] = given["largest_mb"] * 1024 * 1024
    if "password_ref" in given:
        changes["secret_ref"] = given["password_ref"]
    if given.get("password_stdin"):
        changes["secret_ref"] = _into_keystore(source, installation)
    named = {"token_endpoint", "client_id", "client_secret_ref", "scope"} & set(given)
    if named:
        changes["oauth"] = _oauth(account, given)
    return replace(account, **changes)


def _oauth(account: MailboxAccount, given: dict[str, Any]) -> OAuthClient:
    before = account.oauth or OAuthClient("", "", "", _SCOPES[account.kind])
    fields: dict[str, Any] = {name: given[name] for name in ("token_endpoint", "client_id", "scope") if name in given}
    if "client_secret_ref" in given:
        fields["secret_ref"] = given["client_secret_ref"]
    return replace(before, **fields)


def _into_keystore(source: Source, installation: Installation) -> str:
    secret = sys.stdin.read().rstrip("\r\n")
    if not secret:
        raise CommandFailed("WM-SECRET-EMPTY", "Standard input was empty.", "Pipe the secret in.", USAGE)
    name = f"source-{source.name}-password"
    installation.keystore.put(name, "route-secret", secret.encode(), since=str(installation.clock.now()))
    return f"keystore:{name}"

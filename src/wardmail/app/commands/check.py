"""`wardmail check`: is it safe to e-mail these addresses?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from wardmail.app.failures import FINDINGS, USAGE, CommandFailed
from wardmail.app.output import emit, json_option, plain, rfc3339, say

if TYPE_CHECKING:
    from wardmail.manage.address_check import AddressCheck

_WORDS = {
    "secure": "Yes: secure",
    "unknown": "Not in the normal way: not known to be secure",
    "not-secure": "No: not secure",
    "invalid": "No: this is not an e-mail address",
}


@click.command()
@click.argument("addresses", nargs=-1, required=True)
@click.option(
    "--as",
    "profile",
    type=click.Choice(["health-and-care", "government"]),
    help="Whose table (default: health and care).",
)
@json_option
@click.pass_obj
def command(config_path: str | None, addresses: tuple[str, ...], profile: str | None, as_json: bool) -> None:
    """Say for each ADDRESS whether its domain is known to be secure, and why.

    Works before any set-up, by the built-in tables; an installation's accredited list and local decisions count too.
    `-` reads addresses from standard input, one a line. Exit status: 0 all secure, 3 some unknown or not secure,
    2 some invalid.
    """
    from wardmail.app.checking import address_checker

    checker, wanted = address_checker(config_path, profile), _expanded(addresses)
    results = []
    for address in wanted:
        result = checker(address)
        results.append(result.standing)
        if as_json:
            _show_as_json(result)
        else:
            _show(result)
    if "invalid" in results:
        raise SystemExit(USAGE)
    if set(results) - {"secure"}:
        raise SystemExit(FINDINGS)


def _expanded(addresses: tuple[str, ...]) -> list[str]:
    if addresses != ("-",):
        return list(addresses)
    lines = sys.stdin.buffer.read().decode(errors="surrogateescape").split("\n")
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        # Silence would say that all of them are secure.
        raise CommandFailed("WM-CHECK-EMPTY", "Standard input has no address.", "Give one a line.", USAGE)
    return found


def _show_as_json(result: AddressCheck) -> None:
    record = {
        "address": result.address,
        "domain": result.domain,
        "standing": result.standing,
        "profile": result.profile,
        "reason": result.reason,
        "source": result.source,
        "list_version": result.list_version,
        "checked_at": rfc3339(result.checked_at),
    }
    emit(record)


def _show(result: AddressCheck) -> None:
    say(plain(result.address))
    if not result.address.isascii() and result.domain:
        say(f"  Its domain is not what it may look like: it is {result.domain}")
    say(f"  {_WORDS[result.standing]}")
    say(f"  Why   {result.reason} ({result.source})")
    say(f"  List  {result.list_version or 'no accredited list loaded'}; table for {result.profile}")

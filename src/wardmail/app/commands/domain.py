"""`wardmail domain`: DKIM keys of our own domains, and the DNS records to publish."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from wardmail.app.failures import NOT_FOUND, CommandFailed
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, note, say, table
from wardmail.assurance.publish import records_to_publish, zone_lines
from wardmail.edges.keys import DKIM, add_dkim_key, public_key
from wardmail.edges.keystore import Keystore, KeystoreEntry
from wardmail.manage.integrations import BadInput
from wardmail.protocol.domain import InvalidDomain, parse_domain

_ALGORITHMS = ("rsa-sha256", "ed25519-sha256")


@click.group()
def command() -> None:
    """Our own sender domains."""


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List signing keys."""
    keys = Installation.at(config_path).keystore.entries(DKIM)
    if as_json:
        for each in keys:
            emit(dict(each.meta))
        return
    rows = [(k.meta["domain"], k.meta["selector"], k.meta["algorithm"], k.meta["state"]) for k in keys]
    table(("Domain", "Selector", "Algorithm", "State"), rows)


@command.command()
@click.argument("domain")
@click.option("--algorithm", type=click.Choice(_ALGORITHMS), multiple=True, help="Default: both.")
@json_option
@click.pass_obj
def rotate(config_path: str | None, domain: str, algorithm: tuple[str, ...], as_json: bool) -> None:
    """Make new signing keys for DOMAIN. The old ones stop signing; leave their records up for a week."""
    installation = Installation.at(config_path)
    keystore = installation.keystore
    name = usable(_domain(domain), "WM-DOMAIN")
    stamp = datetime.fromtimestamp(installation.clock.now(), UTC).strftime("%Y%m%d%H%M%S")
    before = _keys(keystore, name)
    made = []
    for each in algorithm or _ALGORITHMS:
        selector = f"wm{stamp}{'r' if each.startswith('rsa') else 'e'}"
        add_dkim_key(keystore, name, selector, each)
        made.append(selector)
    for key in before:
        if key.meta["algorithm"] in (algorithm or _ALGORITHMS):
            keystore.describe(key.name, **{**key.meta, "state": "retired"})
    if as_json:
        emit({"domain": name, "selectors": made})
    else:
        say(f"{name} signs with {' and '.join(made)}.")
    note(
        f"Publish the records of `wardmail domain dns {name}` before you send: until then signatures cannot be checked."
    )


@command.command()
@click.argument("domain")
@json_option
@click.pass_obj
def dns(config_path: str | None, domain: str, as_json: bool) -> None:
    """Print the DNS records to publish for DOMAIN, in zone-file form."""
    name = usable(_domain(domain), "WM-DOMAIN")
    keystore = Installation.at(config_path).keystore
    keys = _keys(keystore, name)
    if not keys:
        raise CommandFailed(
            "WM-DKIM-NO-KEY", f"{name} has no signing key yet.", f"Make one: wardmail domain rotate {name}", NOT_FOUND
        )
    published = [(key.meta["selector"], key.meta["algorithm"], public_key(keystore, key.name)) for key in keys]
    records = records_to_publish(name, published)
    if as_json:
        for record in records:
            emit({"name": record.name, "type": record.type, "value": record.value, "why": record.why})
        return
    for line in zone_lines(records):
        say(line)


def _domain(text: str) -> str | BadInput:
    parsed = parse_domain(text)
    return BadInput(f"{text!r} is no domain: {parsed.reason}") if isinstance(parsed, InvalidDomain) else parsed


def _keys(keystore: Keystore, domain: str) -> list[KeystoreEntry]:
    return [each for each in keystore.entries(DKIM) if each.meta["domain"] == domain]

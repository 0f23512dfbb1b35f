"""`wardmail domain`: DKIM keys of our own domains, and the DNS records to publish."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import NOT_FOUND, USAGE, CommandFailed
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, moment, note, rfc3339, say, table
from wardmail.assurance.publish import DnsRecord, records_to_publish, zone_lines
from wardmail.edges.keys import DKIM, add_dkim_key, add_outside_key, public_key
from wardmail.edges.keystore import Keystore, KeystoreEntry
from wardmail.manage.integrations import BadInput
from wardmail.model.person import Permission, Person
from wardmail.model.secret_reference import KEY_FORMS, scheme_of
from wardmail.protocol.domain import InvalidDomain, parse_domain

ALGORITHMS = ("rsa-sha256", "ed25519-sha256")


@click.group()
def command() -> None:
    """Our own sender domains."""


@command.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List signing keys."""
    installation = Installation.at(config_path)
    keys = installation.keystore.entries(DKIM)
    used = {name: note.last_used_at for name, note in installation.secret_notes.all().items()}
    if as_json:
        for each in keys:
            emit({**each.meta, "last_used_at": rfc3339(used.get(each.name))})
        return
    rows = [
        (
            *(k.meta[part] for part in ("domain", "selector", "algorithm", "state")),
            k.meta.get("key", "the keystore"),
            moment(used.get(k.name)) or "never seen",
        )
        for k in keys
    ]
    table(("Domain", "Selector", "Algorithm", "State", "Kept in", "Last used"), rows)


@command.command()
@click.argument("domain")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), multiple=True, help="Default: both.")
@click.option("--key", "key", default="", help=f"Sign by a key that stays where it is: {KEY_FORMS}.")
@by_option
@json_option
@click.pass_obj
def rotate(
    config_path: str | None, *, domain: str, algorithm: tuple[str, ...], key: str, by: str, as_json: bool
) -> None:
    """Make new signing keys for DOMAIN. The old ones stop signing; leave their records up for a week.

    With --key nothing is made: the newest version of a key in a vault or on a token signs, and never leaves it.
    """
    installation = Installation.at(config_path)
    name = usable(domain_of(domain), "WM-DOMAIN")
    actor = acting_person(installation, by, Permission.KEEP_SECRETS)
    made = rotated(installation, actor, name, tuple(algorithm), key)
    if as_json:
        emit({"domain": name, "selectors": list(made)})
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
    records = records_of(Installation.at(config_path), usable(domain_of(domain), "WM-DOMAIN"))
    if as_json:
        for record in records:
            emit({"name": record.name, "type": record.type, "value": record.value, "why": record.why})
        return
    for line in zone_lines(records):
        say(line)


def rotated(
    installation: Installation, actor: Person, domain: str, algorithms: Sequence[str], key: str
) -> dict[str, str]:
    """Selector and algorithm of each new key; `key` names one that stays where it is. Raises CommandFailed."""
    keystore = installation.keystore
    stamp = datetime.fromtimestamp(installation.clock.now(), UTC).strftime("%Y%m%d%H%M%S")
    before, made = keys_of(keystore, domain), {}
    if key:
        made = _taken(installation, domain, stamp, key)
    for each in () if key else algorithms or ALGORITHMS:
        selector = f"wm{stamp}{'r' if each.startswith('rsa') else 'e'}"
        add_dkim_key(keystore, domain, selector, each)
        made[selector] = each
    for old in before:
        if old.meta["algorithm"] in made.values():
            keystore.describe(old.name, **{**old.meta, "state": "retired"})
    for selector in made:
        installation.secret_notes.note("SigningKeyAdded", f"{DKIM}:{domain}:{selector}", actor.id, key or "keystore")
    return made


def records_of(installation: Installation, domain: str) -> list[DnsRecord]:
    """What to publish for a domain that has keys. Raises CommandFailed."""
    keystore = installation.keystore
    keys = keys_of(keystore, domain)
    if not keys:
        raise CommandFailed(
            "WM-DKIM-NO-KEY",
            f"{domain} has no signing key yet.",
            f"Make one: wardmail domain rotate {domain}",
            NOT_FOUND,
        )
    published = [(key.meta["selector"], key.meta["algorithm"], public_key(keystore, key.name)) for key in keys]
    return records_to_publish(domain, published)


def _taken(installation: Installation, domain: str, stamp: str, key: str) -> dict[str, str]:
    """The selector of a key that stays in its store, with its algorithm."""
    if scheme_of(key) not in {"vault-transit", "azure-key", "pkcs11"}:
        what = "That does not say where a signing key is."
        raise CommandFailed("WM-DKIM-KEY", what, f"Write {KEY_FORMS}.", USAGE)
    selector = f"wm{stamp}k"
    return {selector: add_outside_key(installation.keystore, domain, selector, key, installation.stores)}


def domain_of(text: str) -> str | BadInput:
    parsed = parse_domain(text)
    return BadInput(f"{text!r} is no domain: {parsed.reason}") if isinstance(parsed, InvalidDomain) else parsed


def keys_of(keystore: Keystore, domain: str) -> list[KeystoreEntry]:
    return [each for each in keystore.entries(DKIM) if each.meta["domain"] == domain]

"""`wardmail domain`: our own domains, their DKIM keys, and the DNS records to publish."""

from __future__ import annotations

import asyncio

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.commands.domain_looks import add, check, evidence, history, list_, remove, spf_tree
from wardmail.app.domain_output import activated_record, dns_record, domain_named, done, key_record, records_of
from wardmail.app.domain_wiring import domain_keys, signing_key_desk
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, moment, note, say, table
from wardmail.assurance.publish import zone_lines
from wardmail.manage.signing_keys import ALGORITHMS, MadeKeys, SigningKeyDesk
from wardmail.model.own_domain import DomainKey, KeyState
from wardmail.model.person import Permission, Person
from wardmail.model.secret_reference import KEY_FORMS

_algorithms = click.option("--algorithm", type=click.Choice(ALGORITHMS), multiple=True, help="Default: both.")
_outside = click.option("--key", "key", default="", help=f"Sign by a key that stays where it is: {KEY_FORMS}.")


@click.group()
def command() -> None:
    """Our own sender domains, and how others' domains look."""


for _each in (list_, add, remove, check, evidence, history, spf_tree):
    command.add_command(_each)


@command.command()
@json_option
@click.pass_obj
def keys(config_path: str | None, as_json: bool) -> None:
    """List the keys that sign for our domains, signed until now, or wait."""
    found = domain_keys(Installation.at(config_path)).all()
    if as_json:
        for key in found:
            emit(key_record(key))
        return
    if not found:
        note("There is no signing key yet: make some by `wardmail domain rotate DOMAIN`.")
        return
    headings = ("Domain", "Selector", "Algorithm", "State", "Kept in", "Last used")
    table(headings, [(key.domain, *_columns(key)) for key in found])


@command.command()
@click.argument("domain")
@_algorithms
@_outside
@by_option
@json_option
@click.pass_obj
def rotate(
    config_path: str | None, *, domain: str, algorithm: tuple[str, ...], key: str, by: str, as_json: bool
) -> None:
    """Make new signing keys for DOMAIN, which sign at once. The old ones stop; leave their records up for a week.

    With --key nothing is made: the newest version of a key in a vault or on a token signs, and never leaves it.
    `make-key` and `activate-key` do the same in two steps, so that no message is signed before others can check it.
    """
    made = _made(config_path, domain, algorithm, key, by, signs_now=True)
    selectors = [each.selector for each in made.made]
    if as_json:
        emit({"domain": made.domain, "selectors": selectors})
    else:
        say(f"{made.domain} signs with {' and '.join(selectors)}.")
    note(
        f"Publish the records of `wardmail domain dns {made.domain}` before you send: until then signatures cannot be"
        " checked."
    )


@command.command("make-key")
@click.argument("domain")
@_algorithms
@_outside
@by_option
@json_option
@click.pass_obj
def make_key(
    config_path: str | None, *, domain: str, algorithm: tuple[str, ...], key: str, by: str, as_json: bool
) -> None:
    """Make new signing keys for DOMAIN that wait: publish their records, then `activate-key`."""
    made = _made(config_path, domain, algorithm, key, by, signs_now=False)
    for each in made.made:
        if as_json:
            emit(key_record(each))
        else:
            say(f"{each.selector} ({each.algorithm}) waits.")
    note(
        f"Publish the records of `wardmail domain dns {made.domain}`, then `wardmail domain activate-key {made.domain}"
        " SELECTOR`."
    )


@command.command("activate-key")
@click.argument("domain")
@click.argument("selector")
@by_option
@json_option
@click.pass_obj
def activate_key(config_path: str | None, *, domain: str, selector: str, by: str, as_json: bool) -> None:
    """Sign for DOMAIN with the key SELECTOR from now on, once the DNS shows its record; the one before it stops."""
    desk, name, actor = _keeping(config_path, domain, by)
    changed = done(asyncio.run(desk.activate(actor, name, selector)), selector)
    if as_json:
        emit(activated_record(changed))
        return
    say(f"{name} signs with {selector}.")
    for each in changed.retired:
        say(f"{each.selector} signs no more: leave its record up for a week.")


@command.command("retire-key")
@click.argument("domain")
@click.argument("selector")
@by_option
@json_option
@click.pass_obj
def retire_key(config_path: str | None, *, domain: str, selector: str, by: str, as_json: bool) -> None:
    """Stop signing with the key SELECTOR, or give up one that waits; never the last one that signs."""
    desk, name, actor = _keeping(config_path, domain, by)
    retired = done(desk.retire(actor, name, selector), selector)
    then = "leave its record up for a week" if retired.has_signed else "it signed nothing, so its record may go now"
    emit(key_record(retired.key)) if as_json else say(f"{selector} is retired: {then}.")


@command.command()
@click.argument("domain")
@json_option
@click.pass_obj
def dns(config_path: str | None, domain: str, as_json: bool) -> None:
    """Print the DNS records to publish for DOMAIN, in zone-file form."""
    name = domain_named(domain)
    installation = Installation.at(config_path)
    keys_of_it = signing_key_desk(installation).of(name)
    records = records_of(name, keys_of_it, installation.clock.now())
    if as_json:
        for record in records:
            emit(dns_record(record))
        return
    for line in zone_lines(records):
        say(line)
    states = {each.state for each in keys_of_it}
    if KeyState.ACTIVE not in states:
        waiting = KeyState.WAITING in states
        to_do = f"activate-key {name} SELECTOR` once these are published" if waiting else f"rotate {name}` makes one"
        note(f"No key signs for {name}: `wardmail domain {to_do}.")


def _made(
    config_path: str | None, domain: str, algorithms: tuple[str, ...], key: str, by: str, *, signs_now: bool
) -> MadeKeys:
    desk, name, actor = _keeping(config_path, domain, by)
    return done(desk.make(actor, name, algorithms, key, signs_now=signs_now))


def _keeping(config_path: str | None, domain: str, by: str) -> tuple[SigningKeyDesk, str, Person]:
    """Where keys are changed, the domain's name, and who changes them. Raises CommandFailed."""
    installation = Installation.at(config_path)
    name = domain_named(domain)
    return signing_key_desk(installation), name, acting_person(installation, by, Permission.KEEP_SECRETS)


def _columns(key: DomainKey) -> tuple[str, ...]:
    return key.selector, key.algorithm, key.state.value, key.kept_in, moment(key.last_used) or "never seen"

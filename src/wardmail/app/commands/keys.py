"""`wardmail keys`: the master key, and the data keys that seal content."""

from __future__ import annotations

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.master_rotation import begin_move, finish_move, rotate_in_place
from wardmail.app.output import confirm, emit, json_option, note, say
from wardmail.edges.blinding import SEARCH_KEY
from wardmail.edges.keys import DKIM
from wardmail.edges.sealing import DATA_KEY
from wardmail.model.person import Permission


@click.group()
def command() -> None:
    """The keys that seal what is stored: a master key opens the keystore, which holds all others."""


@command.command()
@json_option
@click.pass_obj
def show(config_path: str | None, as_json: bool) -> None:
    """Where the master key is, and how many keys it opens."""
    installation = Installation.at(config_path)
    keystore, reference = installation.keystore, installation.settings.master_reference
    data_keys, searching, signing = (len(keystore.names(kind)) for kind in (DATA_KEY, SEARCH_KEY, DKIM))
    if as_json:
        counts = {"data_keys": data_keys, "search_keys": searching, "signing_keys": signing}
        emit({"master": reference, "locks": keystore.locks, **counts})
        return
    say(f"Master key    {reference}")
    say(f"Keystore      {installation.settings.keystore_path}")
    say(f"Data keys     {data_keys} (see `wardmail retention show`)")
    say(f"Search keys   {searching} (one for each month whose messages are found by subject)")
    say(f"Signing keys  {signing} (see `wardmail domain keys`)")
    if keystore.locks > 1:
        say("A change of the master key is not finished: `wardmail keys rotate-master --finish`")


@command.command("new-master")
@click.option("--yes", is_flag=True, help="It is piped to where it will be kept: do not ask.")
@json_option
def new_master(yes: bool, as_json: bool) -> None:
    """Print a new master key, for a vault or a systemd credential. Nothing is changed."""
    from wardmail.edges.master_key import new_master_key

    if not confirm("Print a new key? Whoever sees it can open the keystore that it will lock.", assume_yes=yes):
        raise SystemExit(1)
    text = new_master_key().decode().strip()
    emit({"master": text}) if as_json else say(text)


@command.command("rotate-master")
@click.option(
    "--to", metavar="REFERENCE", help="Where the new one is: file:, env:, credential:, vault:, azure:, prompt:."
)
@click.option(
    "--finish", is_flag=True, help="After the settings name the new place: the old master key opens nothing any more."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@by_option
@json_option
@click.pass_obj
def rotate_master(config_path: str | None, *, to: str | None, finish: bool, yes: bool, by: str, as_json: bool) -> None:
    """Change the master key; everything in the keystore is sealed anew. The gateway goes on meanwhile.

    A master key in a file is replaced where it is. For another place: --to REFERENCE, then set keystore.master and
    restart, then --finish.
    """
    if to and finish:
        raise CommandFailed("WM-USAGE", "--to begins a change, --finish ends it.", "Say one of them.", USAGE)
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.KEEP_SECRETS)
    question = "Change the master key? Copies of the keystore that were made before need the old one."
    if not confirm(question, assume_yes=yes):
        raise SystemExit(1)
    where = to or installation.settings.master_reference
    if finish:
        done = finish_move(installation)
    else:
        done = True
        begin_move(installation, to) if to else rotate_in_place(installation)
    if done:
        kind = "MasterKeyMoving" if to else "MasterKeyRotated"
        installation.secret_notes.note(kind, "master key", actor.id, where)
    emit({"master": where, "done": done and not to, "locks": installation.keystore.locks}) if as_json else None
    if to:
        note(f'Now set keystore.master = "{to}", restart, and run: wardmail keys rotate-master --finish')
    elif done:
        note("Keep a copy of the new master key where the backups are not, and destroy the old one's copies.")
    else:
        note("Nothing was left to finish.")

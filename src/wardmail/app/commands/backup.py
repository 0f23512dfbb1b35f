"""`wardmail backup`: create, verify, restore."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from wardmail.app.acting import reason_option
from wardmail.app.failures import FINDINGS, CommandFailed
from wardmail.app.output import confirm, emit, json_option, moment, note, rfc3339, say

_NO_MASTER = "The master key is NOT in it: keep a copy of that key elsewhere, or nothing in the backup opens."


@click.group()
def command() -> None:
    """Backups of the whole installation, but for the master key and the certificate's key."""


@command.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="DIR|FILE.tar")
@json_option
@click.pass_obj
def create(config_path: str | None, target: Path, as_json: bool) -> None:
    """Save database, large bodies, keystore, settings and audit heads, while the gateway works.

    Exit status: 0 saved, 3 saved, but some body was missing already.
    """
    from wardmail.app.backup import create as make
    from wardmail.app.installation import Installation

    manifest, digest = make(Installation.at(config_path), target)
    size = sum(each.size for each in manifest.files.values())
    if as_json:
        emit(
            {
                "backup": str(target),
                "made_at": rfc3339(manifest.made_at),
                "files": len(manifest.files),
                "size": size,
                "audit": manifest.audit_seq,
                "manifest_sha256": digest,
                "missing": list(manifest.missing),
                "has_master_key": False,
            }
        )
    else:
        say(f"Saved {len(manifest.files)} files, {size / 1024**2:.1f} MB, up to event {manifest.audit_seq}: {target}")
        say(f"Checksum of its list, to be kept elsewhere: {digest}")
    note(_NO_MASTER)
    if manifest.missing:
        note(
            f"{len(manifest.missing)} large bodies were not in the spool any more: {', '.join(manifest.missing[:5])} …"
        )
        raise SystemExit(FINDINGS)


@command.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="DIR|FILE.tar")
@click.option("--without-key", is_flag=True, help="The master key is not here: open nothing that is sealed.")
@json_option
@click.pass_obj
def verify(config_path: str | None, source: Path, without_key: bool, as_json: bool) -> None:
    """Check every file, the audit, and that what is sealed opens with this installation's master key.

    Exit status: 0 in order, 1 not.
    """
    from wardmail.app.backup_files import read_manifest
    from wardmail.app.backup_proof import problems
    from wardmail.app.installation import Installation
    from wardmail.edges.clock import SystemClock

    master = None if without_key else Installation.at(config_path).master
    with _unpacked(source, source.absolute().parent) as directory:
        manifest = read_manifest(directory)
        found = list(problems(directory, manifest, SystemClock(), master))
    if as_json:
        emit({"backup": str(source), "made_at": rfc3339(manifest.made_at), "whole": not found, "problems": found})
    else:
        for each in found:
            say(f"FIX   {each}")
        opened = "" if without_key else ", and what is sealed opens"
        if not found:
            say(f"Whole{opened}: made on {moment(manifest.made_at)}, up to event {manifest.audit_seq}.")
    if manifest.missing:
        note(f"{len(manifest.missing)} large bodies were missing already when it was made.")
    if found:
        raise SystemExit(1)


@command.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="DIR|FILE.tar")
@reason_option("Why; it goes into the audit.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def restore(config_path: str | None, source: Path, reason: str, yes: bool, as_json: bool) -> None:
    """Put a backup in place, while no gateway runs. What is there is moved aside, and nothing is deleted.

    The settings of the backup are written where there are none; settings that are there stay as they are.
    """
    from wardmail.app.backup_files import read_manifest
    from wardmail.app.backup_proof import problems
    from wardmail.app.installation import Installation
    from wardmail.app.only_one import only_one
    from wardmail.app.restoring import put_settings, require_same_kind
    from wardmail.app.restoring import restore as put
    from wardmail.app.settings import DEFAULT_FILE, load
    from wardmail.edges.clock import SystemClock

    file = Path(config_path or os.environ.get("WARDMAIL_CONFIG") or DEFAULT_FILE)
    with _unpacked(source, source.absolute().parent) as directory:
        manifest = read_manifest(directory)
        if not file.is_file():
            if not confirm(f"Write the settings of the backup to {file}?", assume_yes=yes):
                raise SystemExit(1)
            put_settings(directory, file)
            note(f"Settings written: {file}.")
        settings = load(file)
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with only_one(settings.data):
            require_same_kind(manifest, settings)
            # Opened before anything is touched: a keystore that nobody can open is no installation.
            found = list(problems(directory, manifest, SystemClock(), Installation(settings).master))
            if found:
                raise CommandFailed(
                    "WM-BACKUP-DAMAGED", f"The backup is not in order: {found[0]}.", "See `wardmail backup verify`."
                )
            asked = f"Put the backup of {moment(manifest.made_at)} in place, in {settings.data}?"
            if not confirm(asked, assume_yes=yes):
                raise SystemExit(1)
            aside = put(directory, manifest, settings, reason)
    if as_json:
        emit({"restored": str(source), "data": str(settings.data), "moved_aside": [str(each) for each in aside]})
        return
    say(f"Restored in {settings.data}, up to event {manifest.audit_seq}.")
    for each in aside:
        say(f"Moved aside: {each}")
    note(
        "What was delivered after the backup was made waits in it still, and would be sent again. Before you start the"
    )
    note("gateway: wardmail queue list, and wardmail queue hold for what must not go out twice.")


@contextlib.contextmanager
def _unpacked(source: Path, beside: Path) -> Iterator[Path]:
    """The backup as a directory; one that is packed is unpacked for the time being."""
    from wardmail.app.backup_files import unpack

    if source.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix=".wardmail-backup-", dir=beside) as name:
        unpack(source, Path(name))
        yield Path(name)

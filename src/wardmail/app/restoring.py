"""Puts a backup in place of an installation; what was there is moved aside, and nothing is deleted."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wardmail.app.acting import whoami
from wardmail.app.audit_heads import heads_directory
from wardmail.app.backup import sync_directory
from wardmail.app.backup_files import DATABASE, DUMP, HEADS, KEYSTORE, SETTINGS, SPOOL, Manifest
from wardmail.app.failures import CONFLICT, CommandFailed
from wardmail.app.settings import Settings
from wardmail.edges.clock import SystemClock
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain, verify
from wardmail.store.connection import Database
from wardmail.store.copying import restore_postgresql
from wardmail.store.setup import schema_version, upgrade


@dataclass(frozen=True, slots=True)
class Move:
    """One file or directory of the backup, and where it belongs."""

    source: Path
    target: Path


def put_settings(directory: Path, file: Path) -> None:
    """The settings of the backup, where there are none yet."""
    saved = directory / SETTINGS
    if not (saved / "wardmail.toml").is_file():
        raise CommandFailed(
            "WM-BACKUP-SETTINGS",
            "There are no settings, here or in the backup.",
            "Write some, as `wardmail init` does.",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    drop_ins = file.with_suffix(".d")
    for part in (saved / "wardmail.d").glob("*.toml"):
        drop_ins.mkdir(exist_ok=True)
        shutil.copyfile(part, drop_ins / part.name)
    shutil.copyfile(saved / "wardmail.toml", file)
    file.chmod(0o640)


def moves(directory: Path, settings: Settings) -> Sequence[Move]:
    """The database last: without it nothing starts, so that half an installation never runs."""
    found = [
        Move(directory / KEYSTORE, settings.keystore_path),
        Move(directory / SPOOL, settings.data / "spool"),
        Move(directory / HEADS, heads_directory(settings)),
    ]
    if settings.database_url.startswith("sqlite"):
        found.append(Move(directory / DATABASE, Path(settings.database_url.removeprefix("sqlite:///"))))
    return [each for each in found if each.source.exists()]


def require_same_kind(manifest: Manifest, settings: Settings) -> None:
    """Raises CommandFailed when the settings name another kind of database, or one that is not empty."""
    kind = "sqlite" if settings.database_url.startswith("sqlite") else "postgresql"
    if manifest.database != kind:
        raise CommandFailed(
            "WM-BACKUP-KIND",
            f"The backup is of {manifest.database}, and the settings name {kind}.",
            "Set gateway.database as it was.",
            CONFLICT,
        )
    if kind == "postgresql":
        database = Database(settings.database_url, SystemClock())
        is_empty = schema_version(database) is None
        database.close()
        if not is_empty:
            raise CommandFailed(
                "WM-BACKUP-NOT-EMPTY", "The PostgreSQL database is not empty.", "Make a new one for it.", CONFLICT
            )


def restore(directory: Path, manifest: Manifest, settings: Settings, reason: str) -> Sequence[Path]:
    """Only while no gateway runs. Gives what was moved aside. Raises CommandFailed and Unavailable."""
    try:
        return _restored(directory, manifest, settings, reason)
    except OSError as error:
        raise CommandFailed(
            "WM-BACKUP-WRITE",
            f"The backup cannot be put in place: {error.strerror}.",
            "Mend that and run the command again; what was there is beside its place, as *.replaced-….",
        ) from error


def _restored(directory: Path, manifest: Manifest, settings: Settings, reason: str) -> Sequence[Path]:
    wanted = moves(directory, settings)
    ready = [Move(_copied(each), each.target) for each in wanted]
    aside = [kept for each in wanted for kept in _moved_aside(each.target)]
    if manifest.database == "postgresql":
        restore_postgresql(settings.database_url, directory / DUMP)
    for each in ready:
        each.source.rename(each.target)
        sync_directory(each.target.parent)
    (settings.data / "spool").mkdir(exist_ok=True, mode=0o700)
    _note(manifest, settings, reason)
    return aside


def _copied(move: Move) -> Path:
    """Beside its place and on stable storage: from there a rename puts it in place."""
    move.target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = move.target.with_name(f".{move.target.name}.restoring")
    if beside.is_dir():
        shutil.rmtree(beside)
    if move.source.is_dir():
        shutil.copytree(move.source, beside)
        beside.chmod(0o700)
    else:
        shutil.copyfile(move.source, beside)
    for path in [beside, *beside.rglob("*")]:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return beside


def _moved_aside(target: Path) -> list[Path]:
    """With what SQLite keeps beside a database: an old log must never be read into the new one."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    places = [target.with_name(f"{target.name}{ending}") for ending in ("", "-wal", "-shm")]
    return [place.rename(place.with_name(f"{place.name}.replaced-{stamp}")) for place in places if place.exists()]


def _note(manifest: Manifest, settings: Settings, reason: str) -> None:
    clock = SystemClock(settings.clock_ahead)
    database = Database(settings.database_url, clock)
    upgrade(database)
    report = verify(database)
    if report.broken_at is not None:
        raise CommandFailed(
            "WM-BACKUP-AUDIT", f"The audit that was restored is broken: {report.why}.", "Tell the security team."
        )
    detail: dict[str, object] = {"made_at": manifest.made_at, "audit": manifest.audit_seq, "reason": reason}
    with database.write() as connection:
        EventChain(database).append(
            connection, [Event("BackupRestored", clock.now(), whoami(), None, "backup", detail)]
        )
    database.close()

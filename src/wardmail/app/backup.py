"""Makes a backup while the gateway works: spool, database, keystore and settings that belong together; no master key."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from wardmail import __version__
from wardmail.app.acting import whoami
from wardmail.app.audit_heads import heads_directory
from wardmail.app.backup_files import (
    DATABASE,
    DUMP,
    HEADS,
    KEYSTORE,
    SETTINGS,
    SPOOL,
    Manifest,
    list_of,
    pack,
    write_manifest,
)
from wardmail.app.failures import CONFLICT, CommandFailed
from wardmail.app.installation import Installation
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain
from wardmail.store.copying import FrozenCopy, audit_head, copy_sqlite, dumped_postgresql, spooled_names
from wardmail.store.setup import HEAD

SEALED = ".sealed"


def is_archive(target: Path) -> bool:
    return target.suffix == ".tar"


def create(installation: Installation, target: Path) -> tuple[Manifest, str]:
    """What is in it, and the checksum of its list. Raises CommandFailed and Unavailable; then nothing is left behind."""
    if target.exists():
        raise CommandFailed("WM-BACKUP-EXISTS", f"{target} is there already.", "Name a new one.", CONFLICT)
    with _staging(target) as directory:
        manifest, digest = _fill(installation, directory)
        if is_archive(target):
            pack(directory, target)
        else:
            directory.rename(target)
        sync_directory(target.absolute().parent)
    detail: dict[str, object] = {"audit": manifest.audit_seq, "files": len(manifest.files), "manifest": digest}
    event = Event("BackupMade", installation.clock.now(), whoami(), None, "backup", detail)
    with installation.database.write() as connection:
        EventChain(installation.database).append(connection, [event])
    return manifest, digest


def _fill(installation: Installation, directory: Path) -> tuple[Manifest, str]:
    """The order matters: a body is in the spool before a row tells of it, a data key in the keystore before it seals.

    So what is in the spool is taken before the database, which may forget a body at any time, and the keystore after it.
    """
    settings, made_at = installation.settings, installation.clock.now()
    spool = settings.data / "spool"
    (directory / SPOOL).mkdir(mode=0o700)
    for path in spool.glob(f"*{SEALED}"):
        _copy(path, directory / SPOOL / path.name)
    names, head = _copy_database(installation, directory)
    missing = _only(names, spool, directory / SPOOL)
    _copy(settings.keystore_path, directory / KEYSTORE)
    _copy_settings(settings.files, directory / SETTINGS)
    _copy_all(heads_directory(settings), directory / HEADS)
    kind = "sqlite" if installation.database.is_sqlite else "postgresql"
    files = list_of(directory)
    manifest = Manifest(made_at, __version__, HEAD, kind, head[0], head[1].hex(), tuple(missing), files)
    return manifest, write_manifest(directory, manifest)


def _copy_database(installation: Installation, directory: Path) -> tuple[set[str], tuple[int, bytes]]:
    """The bodies that the copy refers to, and the last event in it."""
    if not installation.database.is_sqlite:
        with dumped_postgresql(installation.database, directory / DUMP) as connection:
            return spooled_names(connection), audit_head(connection)
    copy_sqlite(installation.database, directory / DATABASE)
    copy = FrozenCopy(directory / DATABASE, installation.clock)
    try:
        with copy.read() as connection:
            return spooled_names(connection), audit_head(connection)
    finally:
        copy.close()


def _only(names: set[str], spool: Path, kept: Path) -> list[str]:
    """Those bodies and no others: what came in since is fetched; gives those that are nowhere."""
    for path in kept.iterdir():
        if path.stem not in names:
            path.unlink()
    return sorted(
        name
        for name in names
        if not (kept / f"{name}{SEALED}").exists() and not _copy(spool / f"{name}{SEALED}", kept / f"{name}{SEALED}")
    )


def _copy_settings(files: tuple[Path, ...], target: Path) -> None:
    target.mkdir(mode=0o700)
    for file in files:
        place = target / "wardmail.toml" if file == files[0] else target / "wardmail.d" / file.name
        place.parent.mkdir(exist_ok=True, mode=0o700)
        _copy(file, place)


def _copy_all(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(mode=0o700)
        for path in source.iterdir():
            if path.is_file() and not path.name.startswith("."):
                _copy(path, target / path.name)


def _copy(source: Path, target: Path) -> bool:
    """On stable storage when it returns; False when the source is gone."""
    try:
        with source.open("rb") as read, target.open("xb") as written:
            shutil.copyfileobj(read, written, 1024 * 1024)
            written.flush()
            os.fsync(written.fileno())
    except FileNotFoundError:
        if source.exists():
            raise
        return False
    return True


@contextlib.contextmanager
def _staging(target: Path) -> Iterator[Path]:
    directory = target.absolute().with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        directory.mkdir(mode=0o700)
        yield directory
    except OSError as error:
        raise CommandFailed(
            "WM-BACKUP-WRITE", f"{target} cannot be made: {error.strerror}.", "Make room, or run as the service's user."
        ) from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        target.absolute().with_name(f".{target.name}.unfinished").unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

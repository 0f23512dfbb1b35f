"""The files of a backup: what may be in it, its list of checksums, and its form as one file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wardmail.app.failures import CommandFailed

FORMAT = "wardmail-backup-1"
MANIFEST = "manifest.json"
DATABASE, DUMP, KEYSTORE = "wardmail.db", "wardmail.pgdump", "keystore.json"
SPOOL, SETTINGS, HEADS = "spool", "settings", "audit-heads"

_PIECE = 1024 * 1024
_PART = r"[^/\x00.][^/\x00]*"
_NAME = re.compile(
    rf"{re.escape(DATABASE)}|{re.escape(DUMP)}|{re.escape(KEYSTORE)}"
    rf"|({SPOOL}|{HEADS})/{_PART}|{SETTINGS}/{_PART}(/{_PART})?"
).fullmatch
_LARGEST_MANIFEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileFacts:
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`audit_seq` and `audit_hash`: the last event in it. `missing`: bodies that were not in the spool any more."""

    made_at: float
    version: str
    schema: str
    database: str
    audit_seq: int
    audit_hash: str
    missing: tuple[str, ...]
    files: Mapping[str, FileFacts]


def list_of(directory: Path) -> Mapping[str, FileFacts]:
    return {name: facts_of(directory / name) for name in names_in(directory)}


def names_in(directory: Path) -> list[str]:
    """All but the manifest, as they stand in it."""
    found = (path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir())
    return sorted(name for name in found if name != MANIFEST)


def facts_of(path: Path) -> FileFacts:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return FileFacts(size, digest.hexdigest())


def write_manifest(directory: Path, manifest: Manifest) -> str:
    """Its own checksum, which is to be kept elsewhere."""
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1, sort_keys=True).encode()
    with (directory / MANIFEST).open("xb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(text).hexdigest()


def read_manifest(directory: Path) -> Manifest:
    """Raises CommandFailed."""
    try:
        with (directory / MANIFEST).open("rb") as file:
            plain = json.loads(file.read(_LARGEST_MANIFEST))
        if plain.pop("format") != FORMAT:
            raise ValueError("another format")
        files = {
            _allowed(name): FileFacts(int(each["size"]), str(each["sha256"])) for name, each in plain["files"].items()
        }
        return Manifest(**_checked(plain) | {"files": files, "missing": tuple(map(str, plain["missing"]))})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _no_backup(directory) from error


def _checked(plain: dict[str, Any]) -> dict[str, Any]:
    kinds = {"made_at": float, "version": str, "schema": str, "database": str, "audit_seq": int, "audit_hash": str}
    if any(type(plain[name]) is not kind for name, kind in kinds.items()):
        raise ValueError("a field of the wrong kind")
    return plain


def damage(directory: Path, manifest: Manifest) -> Iterator[str]:
    """Every file that is missing, changed, or not in the list."""
    found = set(names_in(directory))
    for name, facts in manifest.files.items():
        path = directory / name
        if name not in found or path.is_symlink():
            yield f"{name} is missing"
        elif path.stat().st_size != facts.size or facts_of(path) != facts:
            yield f"{name} is not what was saved"
    yield from (f"{name} is in nobody's list" for name in sorted(found - set(manifest.files)))


def pack(directory: Path, target: Path) -> None:
    """As one file, whole or not at all."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    with unfinished.open("xb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name in [MANIFEST, *names_in(directory)]:
                archive.add(directory / name, name, recursive=False)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(target)


def unpack(archive: Path, directory: Path) -> None:
    """Regular files of the names that a backup has, and nothing else. Raises CommandFailed."""
    try:
        with tarfile.open(archive, "r:") as opened:
            for member in opened:
                content = opened.extractfile(member) if member.isreg() else None
                if content is None:
                    raise ValueError("something that is no file")
                path = directory / (MANIFEST if member.name == MANIFEST else _allowed(member.name))
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with path.open("xb") as file:
                    while piece := content.read(_PIECE):
                        file.write(piece)
    except (OSError, ValueError, tarfile.TarError) as error:
        raise _no_backup(archive) from error


def _allowed(name: str) -> str:
    """A backup may come from a stranger: no name in it leads out of it. Raises ValueError."""
    if not _NAME(name):
        raise ValueError("a name that no backup has")
    return name


def _no_backup(path: Path) -> CommandFailed:
    return CommandFailed(
        "WM-BACKUP-UNREADABLE", f"{path} is no whole backup of this format.", "Name what `wardmail backup create` made."
    )

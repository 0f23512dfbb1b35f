"""The keystore's file: read whole, replaced whole, by one writer at a time, so that a crash leaves the old or the new one."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wardmail.model.refusal import Unavailable

FORMAT = "wardmail-keystore-2"
_LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """`sealed` is the secret under the keystore's own key, bound to name, kind and meta."""

    kind: str
    meta: Mapping[str, str]
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Lock:
    """`wrapped` is the keystore's own key under what one master key gives with `salt`."""

    salt: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """Any one of the locks opens it: there are two only while the master key is being changed."""

    locks: tuple[Lock, ...]
    entries: Mapping[str, SealedEntry]


class KeystoreFile:
    """Errors are Unavailable and name the path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def stamp(self) -> tuple[int, int, int]:
        """Changes whenever the file was replaced."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise self._unavailable(error.strerror) from None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def read(self) -> Contents:
        try:
            with self.path.open("rb") as file:
                return _parsed(json.loads(file.read(_LARGEST)))
        except OSError as error:
            raise self._unavailable(error.strerror) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._unavailable("it is damaged, or not a keystore of this version") from None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time, among threads and processes; the lock goes when its holder dies."""
        try:
            descriptor = os.open(self._beside("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unavailable(error.strerror) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def replace(self, contents: Contents) -> None:
        """Only while `locked`. When it returns, the new file is on stable storage."""
        text = json.dumps(_plain(contents), indent=1, sort_keys=True)
        unfinished = self._beside(f"{secrets.token_hex(4)}.unfinished")
        try:
            for abandoned in self.path.parent.glob(f".{self.path.name}.*.unfinished"):
                abandoned.unlink(missing_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self.path)
            _sync_directory(self.path.parent)
        except OSError as error:
            raise self._unavailable(error.strerror) from None

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f".{self.path.name}.{suffix}")

    def _unavailable(self, why: str | None) -> Unavailable:
        return Unavailable(f"the keystore {self.path}", why or "an error of the file system")


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parsed(plain: dict[str, Any]) -> Contents:
    if plain["format"] != FORMAT:
        raise ValueError("another format")
    entries = {
        name: SealedEntry(entry["kind"], entry["meta"], _octets(entry["sealed"]))
        for name, entry in plain["entries"].items()
    }
    locks = tuple(Lock(_octets(lock["salt"]), _octets(lock["wrapped"])) for lock in plain["locks"])
    return Contents(locks, entries)


def _plain(contents: Contents) -> dict[str, Any]:
    entries = {
        name: {"kind": entry.kind, "meta": dict(entry.meta), "sealed": _text(entry.sealed)}
        for name, entry in contents.entries.items()
    }
    locks = [{"salt": _text(lock.salt), "wrapped": _text(lock.wrapped)} for lock in contents.locks]
    return {"format": FORMAT, "locks": locks, "entries": entries}


def _octets(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")

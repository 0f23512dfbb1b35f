"""Keeps large bodies as sealed files: written while they arrive, on stable storage before the message is acknowledged."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from wardmail.edges.sealed_file import SealedFileWriter, new_file_key, read_sealed_file, unsealed_size
from wardmail.model.refusal import Unavailable

_NAME = re.compile(r"[A-Za-z0-9-]{1,100}").fullmatch
_SEALED = ".sealed"
_UNFINISHED = ".unfinished"
RESERVE = 64 * 1024 * 1024
"""Octets that stay free, so that the database can still record what became of the mail."""


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """Implements `model.message.SpooledBody`."""

    name: str
    size: int
    key: bytes = field(repr=False)
    _path: Path

    @property
    def is_spooled(self) -> bool:
        return True

    def chunks(self) -> Iterator[bytes]:
        """Raises Unavailable when the file is gone, was changed, or has another key."""
        return read_sealed_file(self._path, self.key, _context(self.name))


class SealedSpool:
    """Implements `ports.Spool`: one file for each body, named after the message, under a key of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def open_sink(self, message_id: str) -> SpoolSink:
        path = self._path(message_id)
        with _unavailable_on_error():
            space = os.statvfs(self._directory)
            if space.f_bavail * space.f_frsize < RESERVE:
                raise Unavailable("the spool", f"less than {RESERVE // 1024 // 1024} MiB are free on its disk")
            return SpoolSink(path, message_id)

    def open_body(self, name: str, key: bytes) -> SpoolFile:
        path = self._path(name)
        with _unavailable_on_error():
            return SpoolFile(name, unsealed_size(path.stat().st_size), key, path)

    def remove(self, name: str) -> None:
        with _unavailable_on_error():
            self._path(name).unlink(missing_ok=True)

    def names(self, *, older_than: float) -> list[str]:
        """Bodies last written before this moment; those that no message knows may be removed.

        Files that were left unfinished that long ago are deleted on the way.
        """
        found: list[str] = []
        with _unavailable_on_error():
            for path in self._directory.iterdir():
                if path.suffix not in {_SEALED, _UNFINISHED} or path.stat().st_mtime >= older_than:
                    continue
                if path.suffix == _SEALED:
                    found.append(path.stem)
                else:
                    path.unlink(missing_ok=True)
        return sorted(found)

    def _path(self, name: str) -> Path:
        if not _NAME(name):
            raise ValueError("a spool name is letters, digits and hyphens")
        return self._directory / f"{name}{_SEALED}"


class SpoolSink:
    """Implements `ports.BodySink`."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._key = new_file_key()
        self._unfinished = path.with_suffix(_UNFINISHED)
        self._file: BinaryIO = os.fdopen(
            os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb"
        )
        self._size = 0
        self._writer = SealedFileWriter(self._file, self._key, _context(name))

    def write(self, data: bytes) -> None:
        with self._discarded_on_error():
            self._writer.write(data)
            self._size += len(data)

    def finish(self) -> SpoolFile:
        with self._discarded_on_error():
            self._writer.finish()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._unfinished.replace(self._path)
            _sync_directory(self._path.parent)
        return SpoolFile(self._name, self._size, self._key, self._path)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._unfinished.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _discarded_on_error(self) -> Iterator[None]:
        try:
            with _unavailable_on_error():
                yield
        except BaseException:
            self.discard()
            raise


@contextlib.contextmanager
def _unavailable_on_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("the spool", error.strerror or "an error of the file system") from None


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _context(name: str) -> bytes:
    return b"spooled body " + name.encode()

"""Large bodies as sealed files: written while they arrive, on stable storage before anything refers to them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wardmail.edges.sealed_file import SealedFileWriter, read_sealed_file
from wardmail.edges.sealing import ContentSealer
from wardmail.model.message import Body
from wardmail.model.refusal import Unavailable
from wardmail.ports import BodySink


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """Implements `SpooledBody`; each reading opens the file anew. `name` also holds the body's size, in octets."""

    path: Path
    sealer: ContentSealer
    name: str

    @property
    def size(self) -> int:
        return int(self.name.rpartition(".")[2])

    @property
    def is_spooled(self) -> bool:
        return True

    def chunks(self) -> Iterator[bytes]:
        return read_sealed_file(self.path, self.sealer, _context(self.name))


class SealedSpool:
    """Implements `ports.Spool` in one directory of the local file system."""

    def __init__(self, directory: Path, sealer: ContentSealer) -> None:
        self._directory = directory
        self._sealer = sealer

    def open_sink(self, message_id: str) -> BodySink:
        return _Sink(self._directory, self._sealer, message_id)

    def open_body(self, name: str) -> Body:
        return SpooledFile(self._directory / name, self._sealer, name)

    def remove(self, name: str) -> None:
        (self._directory / name).unlink(missing_ok=True)


class _Sink:
    """Writes under a temporary name: a file under its own name is whole and synced."""

    def __init__(self, directory: Path, sealer: ContentSealer, message_id: str) -> None:
        self._directory = directory
        self._sealer = sealer
        self._message_id = message_id
        self._size = 0
        self._temporary = directory / f".{message_id}.part"
        with _told():
            descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "wb", buffering=0)
            self._writer = SealedFileWriter(self._file, sealer, message_id.encode())

    def write(self, data: bytes) -> None:
        with _told():
            self._writer.write(data)
        self._size += len(data)

    def finish(self) -> Body:
        name = f"{self._message_id}.{self._size}"
        try:
            with _told():
                self._writer.finish()
                os.fsync(self._file.fileno())
                self._file.close()
                self._temporary.rename(self._directory / name)
                _sync_directory(self._directory)
        except Unavailable:
            self.discard()
            raise
        return SpooledFile(self._directory / name, self._sealer, name)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._temporary.unlink(missing_ok=True)


def _context(name: str) -> bytes:
    return name.partition(".")[0].encode()


def _sync_directory(directory: Path) -> None:
    """A rename is only on stable storage when its directory is (rename(2), fsync(2))."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("the spool", error.strerror) from error

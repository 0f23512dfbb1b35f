"""Seals files of any size in chunks, so that no cut, swap or extension goes unnoticed.

How it works: after the form come chunks of 256 KiB, each sealed by AES-256-GCM under a random key of this file alone,
which is not in the file: who deletes the key has deleted the file, wherever its copies are. The nonce of a chunk is its
number and whether it is the last one (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár 2015), so a chunk opens only in its
place, and a file only with its end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wardmail.model.refusal import Unavailable

CHUNK = 256 * 1024
_TAG = 16
_FORM = b"WMF\x02"
_HEAD = len(_FORM)


class SealedFileWriter:
    """Writes to an open binary file. `finish` must be called: a file without its last chunk does not open.

    `key` is used for this file and nothing else; `context` binds the file to its place.
    """

    def __init__(self, file: BinaryIO, key: bytes, context: bytes) -> None:
        self._cipher = AESGCM(key)
        self._context = context
        self._file = file
        self._number = 0
        self._waiting: list[bytes] = []
        self._size = 0
        self._file.write(_FORM)

    def write(self, octets: bytes) -> None:
        self._waiting.append(octets)
        self._size += len(octets)
        if self._size <= CHUNK:
            return
        joined = b"".join(self._waiting)
        view = memoryview(joined)
        start = 0
        while len(joined) - start > CHUNK:  # a full chunk waits until it is known not to be the last
            self._seal(view[start : start + CHUNK], last=False)
            start += CHUNK
        self._waiting = [joined[start:]]
        self._size = len(joined) - start

    def finish(self) -> None:
        self._seal(b"".join(self._waiting), last=True)
        self._waiting = []

    def _seal(self, chunk: bytes | memoryview, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), chunk, self._context))
        self._number += 1


def unsealed_size(sealed_size: int) -> int:
    """How many octets a whole sealed file of this size holds."""
    chunks = sealed_size - _HEAD
    return chunks - _TAG * -(-chunks // (CHUNK + _TAG))


def new_file_key() -> bytes:
    return os.urandom(32)


def read_sealed_file(path: Path, key: bytes, context: bytes) -> Iterator[bytes]:
    """The chunks in order, each proved before it is given. Raises Unavailable at the first that is not as it was sealed.

    Only the end of the iteration proves that the file is whole.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            if head != _FORM:
                raise Unavailable("a sealed file", "it is not in a form of this version")
            yield from _opened(file, AESGCM(key), context)
    except OSError as error:
        raise Unavailable("a sealed file", error.strerror) from None


def _opened(file: BinaryIO, cipher: AESGCM, context: bytes) -> Iterator[bytes]:
    number = 0
    sealed = file.read(CHUNK + _TAG)
    while True:
        following = file.read(CHUNK + _TAG)
        try:
            chunk = cipher.decrypt(_nonce(number, last=not following), sealed, context)
        except (InvalidTag, ValueError):
            raise Unavailable("a sealed file", "it was changed or cut, or belongs elsewhere") from None
        if chunk:
            yield chunk
        if not following:
            return
        sealed = following
        number += 1


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")

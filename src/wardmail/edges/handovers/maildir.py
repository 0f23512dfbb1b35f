"""Hands over into a Maildir: written to tmp, on stable storage, then renamed into new; a repetition finds its own name."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from wardmail.model.handover import Handover, NotTaken, Parcel, Taken

_RESERVE = 64 * 1024 * 1024
_FOLDERS = ("tmp", "new", "cur")


class MaildirHandover:
    """Implements `ports.HandoverCourier`. The file's name is made of the arrival's ID, so that a repetition is told."""

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        return await asyncio.to_thread(_deliver, parcel, Path(terms.directory))

    async def close(self) -> None:
        return None


def _deliver(parcel: Parcel, directory: Path) -> Taken | NotTaken:
    name = f"{int(parcel.received_at)}.{parcel.id}.wardmail"
    try:
        for folder in _FOLDERS:
            (directory / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        if parcel.attempts and _is_there(directory, name):
            return Taken(f"{name}, from an earlier try")
        space = os.statvfs(directory)
        if space.f_bavail * space.f_frsize < _RESERVE + len(parcel.message):
            return NotTaken("The Maildir's disk is full.")
        _write(directory, name, parcel.message)
    except OSError as error:
        return NotTaken(f"The Maildir cannot be written to: {error.strerror}.")
    return Taken(name)


def _is_there(directory: Path, name: str) -> bool:
    """A reader moves what is new to cur, and adds flags to its name."""
    return (directory / "new" / name).exists() or any((directory / "cur").glob(f"{name}*"))


def _write(directory: Path, name: str, message: bytes) -> None:
    waiting = directory / "tmp" / name
    with waiting.open("wb") as file:
        file.write(message)
        file.flush()
        os.fsync(file.fileno())
    waiting.rename(directory / "new" / name)
    new = os.open(directory / "new", os.O_RDONLY)
    try:
        os.fsync(new)
    finally:
        os.close(new)

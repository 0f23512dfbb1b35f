"""Changes the master key in steps, each of which leaves a keystore that the old or the new one opens."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.set_up import make_master_key, store_settings, write_whole
from wardmail.edges.local_secrets import ask_passphrase
from wardmail.edges.master_key import MasterKey, master_key, new_master_key
from wardmail.edges.outside_stores import OutsideStores
from wardmail.model.refusal import Unavailable


def rotate_in_place(installation: Installation) -> None:
    """For a master key in a file: a new one takes its place. Stopped anywhere, it is run again and ends well.

    The new key waits beside the old one; then both open the keystore; then it takes the file's place; then only it does.
    """
    reference = installation.settings.master_reference
    kind, _, name = reference.partition(":")
    if kind != "file":
        raise CommandFailed(
            "WM-MASTER-KEY-PLACE",
            f"The master key is at {reference}, where the gateway does not write.",
            "Put a new one beside it, and name it: wardmail keys rotate-master --to REFERENCE",
            USAGE,
        )
    place = Path(name)
    waiting = place.with_name(f"{place.name}.next")
    try:
        if not waiting.exists():
            write_whole(waiting, new_master_key(), 0o600)
        new, keystore = master_key(f"file:{waiting}"), installation.keystore
        keystore.relock(installation.master, new)
        with place.open("r+b") as old:
            _take_place(waiting, place)
            keystore.relock(new)
            _blot_out(old.fileno())
    except OSError as error:
        raise CommandFailed(
            "WM-MASTER-KEY", f"{name} cannot be replaced: {error.strerror}.", "Run as the service's user, and again."
        ) from error


def begin_move(installation: Installation, to: str) -> None:
    """Both master keys open the keystore from now on: the settings may change from the one to the other."""
    if to == installation.settings.master_reference:
        raise CommandFailed(
            "WM-MASTER-KEY-PLACE", "That is where the master key is now.", "Leave out --to, or name another.", USAGE
        )
    installation.keystore.relock(installation.master, _at(installation, to))


def finish_move(installation: Installation) -> bool:
    """From now on only the master key of the settings opens it; False when that was so already."""
    if installation.keystore.locks == 1:
        return False
    installation.keystore.relock(installation.master)
    return True


def _at(installation: Installation, to: str) -> MasterKey:
    if to == "prompt:":
        first = ask_passphrase("New passphrase")
        if first != ask_passphrase("The same again"):
            raise CommandFailed("WM-PASSPHRASE", "The two are not the same.", "Run the command again.", USAGE)
        try:
            return MasterKey(first)
        except ValueError as error:
            raise CommandFailed(
                "WM-PASSPHRASE", f"It cannot be used: {error}.", "Choose a longer one.", USAGE
            ) from None
    make_master_key(to)
    stores = OutsideStores(store_settings(installation.settings))
    try:
        return master_key(to, stores)
    except Unavailable as error:
        raise CommandFailed(
            "WM-MASTER-KEY", f"{error}.", "Put the new key there first: `wardmail keys new-master` prints one.", USAGE
        ) from error


def _take_place(new: Path, place: Path) -> None:
    new.replace(place)
    directory = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _blot_out(descriptor: int) -> None:
    """As far as a file system lets us: a copy-on-write one, or a disk that moves its blocks, may still have it."""
    with contextlib.suppress(OSError):
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)

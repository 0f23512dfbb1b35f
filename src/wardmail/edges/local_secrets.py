"""Reads secrets that this machine itself keeps: files, the environment, systemd credentials, a passphrase typed in."""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path

from wardmail.edges.revealed import Revealed
from wardmail.model.refusal import Unavailable
from wardmail.model.secret_reference import FORMS

_LARGEST = 64 * 1024


def read_reference(reference: str, *, owner_only: bool = False) -> Revealed:
    """What stands behind a reference that needs no keystore, without the line end. Raises Unavailable.

    A file that others can read is refused; with `owner_only`, one that its group can read as well.
    """
    kind, _, name = reference.partition(":")
    part = f"the secret {reference}"
    since: float | None = None
    if kind == "file" and name:
        found, since = _read_file(Path(name), part, forbidden=0o077 if owner_only else 0o007)
    elif kind == "credential" and name and "/" not in name:
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise Unavailable(part, "no systemd credentials were passed ($CREDENTIALS_DIRECTORY is not set)")
        # systemd itself gives the directory to the service alone (systemd.exec(5)).
        found, since = _read_file(Path(directory, name), part, forbidden=0)
    elif kind == "env" and name:
        found = os.environ.get(name, "").encode()
    else:
        raise Unavailable("a secret", f"its reference is not {FORMS}")
    found = found.removesuffix(b"\n").removesuffix(b"\r")
    if not found:
        raise Unavailable(part, "it is empty or not set")
    return Revealed(found, since)


def ask_passphrase(prompt: str) -> bytes:
    """Typed in, and not shown. Raises Unavailable where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise Unavailable(
            "the passphrase", "it is asked for at a terminal, and there is none: use credential: or file:"
        )
    return getpass.getpass(f"{prompt}: ").encode()


def _read_file(path: Path, part: str, forbidden: int) -> tuple[bytes, float]:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            mode = stat.S_IMODE(status.st_mode)
            if mode & forbidden:
                raise Unavailable(part, f"others can read it (mode {mode:04o}): chmod 600 it")
            return file.read(_LARGEST), status.st_mtime
    except OSError as error:
        raise Unavailable(part, error.strerror or "it cannot be read") from None

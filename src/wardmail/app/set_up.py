"""Makes what an installation stands on: directory, master key, keystore, database. Each step is skipped when done."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from wardmail.app.failures import CommandFailed
from wardmail.app.settings import Settings
from wardmail.edges.azure_key_vault import AzureSettings
from wardmail.edges.clock import SystemClock
from wardmail.edges.hashicorp_vault import VaultSettings
from wardmail.edges.keys import Keystore
from wardmail.edges.master_key import master_key, new_master_key
from wardmail.edges.outside_stores import OutsideStores, StoreSettings
from wardmail.edges.pkcs11_token import Pkcs11Settings
from wardmail.manage.people import first_owner
from wardmail.store.connection import Database
from wardmail.store.people import StorePeople
from wardmail.store.setup import upgrade

T = TypeVar("T")

PEPPER = "credential-pepper"


def set_up(settings: Settings, login: str) -> list[str]:
    """What was done, a line each; nothing that exists is changed, but for the database's schema.

    `login` is the account of this machine that becomes the first owner.
    """
    done = prepare_secrets(settings)
    clock = SystemClock(settings.clock_ahead)
    database = Database(settings.database_url, clock)
    upgrade(database)
    people = StorePeople(database)
    if not people.all():
        owner = first_owner(login, clock.now())
        people.save(owner, owner.id, "the first owner: who set the gateway up")
        done.append(f"You are its first owner, as {owner.id}. Register the others: wardmail person add …")
    database.close()
    done.append("Database ready.")
    return done


def prepare_secrets(settings: Settings) -> list[str]:
    """The data directory with its keystore, and the key that opens it; what was done, a line each."""
    done = []
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (settings.data / "spool").mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise CommandFailed(
            "WM-DATA-DIRECTORY",
            f"{settings.data} cannot be made: {error.strerror}.",
            "Make it, owned by the service's user.",
        ) from error
    if make_master_key(settings.master_reference):
        done.append(f"Master key made: {settings.master_reference}. Keep a copy where the backups are not.")
    master = master_key(settings.master_reference, OutsideStores(store_settings(settings)))
    if not settings.keystore_path.exists():
        Keystore.create(settings.keystore_path, master)
        done.append(f"Keystore made: {settings.keystore_path}")
    # Not only into a new keystore: an earlier run may have ended between the two.
    Keystore.open(settings.keystore_path, master).put_if_absent(PEPPER, "pepper", secrets.token_bytes(32))
    return done


def store_settings(settings: Settings) -> StoreSettings:
    """The stores of secrets that are set up."""

    def of(section: str, kind: type[T]) -> T:
        return kind(**{field.name: settings[f"{section}.{field.name}"] for field in fields(kind)})  # type: ignore[arg-type]

    has_azure = settings["azure.tenant"] or settings["azure.managed_identity"]
    return StoreSettings(
        vault=of("vault", VaultSettings) if settings["vault.address"] else None,
        azure=of("azure", AzureSettings) if has_azure else None,
        token=of("pkcs11", Pkcs11Settings) if settings["pkcs11.module"] else None,
    )


def write_settings(file: Path, values: Mapping[str, str]) -> None:
    """A settings file with these values, grouped by section; 0640, because it names where secrets are."""
    sections: dict[str, list[str]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, []).append(f"{name} = {json.dumps(value)}")
    text = "\n".join(f"[{section}]\n" + "\n".join(lines) + "\n" for section, lines in sections.items())
    opening = "# Wardmail settings. `wardmail config explain` lists them all.\n\n"
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
            file.parent.chmod(0o755)  # the service's user reads it there
        write_whole(file, (opening + text).encode(), 0o640)
    except OSError as error:
        raise CommandFailed(
            "WM-CONFIG-WRITE", f"{file} cannot be written: {error.strerror}.", "Say --file, or run as a user who may."
        ) from error


def make_master_key(reference: str) -> bool:
    """Only a file in the data directory is made by us; any other place is the administrator's."""
    kind, _, name = reference.partition(":")
    if kind != "file" or Path(name).exists():
        return False
    try:
        write_whole(Path(name), new_master_key(), 0o600)
    except OSError as error:
        raise CommandFailed(
            "WM-MASTER-KEY", f"{name} cannot be written: {error.strerror}.", "Run as the service's user."
        ) from error
    return True


def write_whole(file: Path, content: bytes, mode: int) -> None:
    """All of it or nothing, whenever the machine stops; an existing file is not replaced. Raises OSError."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            os.fchmod(descriptor, mode)
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
        os.link(unfinished, file)
    finally:
        unfinished.unlink()

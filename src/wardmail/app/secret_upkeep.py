"""Keeps the settings of secrets honest, and the record of when each secret was last used."""

from __future__ import annotations

import asyncio
import logging

from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.settings import Settings
from wardmail.app.settings_schema import SECRET_REFERENCES
from wardmail.model.refusal import Unavailable
from wardmail.model.secret_reference import FORMS, is_reference

log = logging.getLogger(__name__)

_USES_EVERY = 60.0


async def keep_uses(installation: Installation) -> None:
    """Each process writes down now and then which secrets it used; runs for as long as the process does."""
    while True:
        await asyncio.sleep(_USES_EVERY)
        used = installation.uses.take()
        try:
            await asyncio.to_thread(installation.secret_notes.used, used)
        except Unavailable as error:
            log.warning('event=secret_uses_not_kept part="%s"', error.part)


def require_references(settings: Settings) -> None:
    """The value is not repeated: it may be the secret itself."""
    for key in SECRET_REFERENCES:
        if settings[key] and not is_reference(settings[key]):
            raise CommandFailed("WM-CONFIG-SECRET", f"{key} does not say where a secret is.", f"Write {FORMS}.", USAGE)
    if settings["vault.address"] and not settings["vault.address"].startswith("https://"):
        raise CommandFailed("WM-CONFIG-VAULT", "vault.address is no https address.", "Write https://…", USAGE)
    if settings["vault.auth"] not in {"token", "approle", "kubernetes"}:
        raise CommandFailed("WM-CONFIG-VAULT", "vault.auth is unknown.", "Write token, approle or kubernetes.", USAGE)

"""Keeps a signed head of the audit for each day, and compares the audit with those that were kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from wardmail.app.installation import Installation
from wardmail.app.settings import Settings
from wardmail.edges.audit_heads import HeadFiles, HeadSigner, is_genuine
from wardmail.model.audit import SignedHead
from wardmail.model.refusal import Unavailable
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain, hash_at, head_of

log = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds between looks at the calendar."""


def head_files(installation: Installation) -> HeadFiles:
    return HeadFiles(heads_directory(installation.settings))


def heads_directory(settings: Settings) -> Path:
    return Path(settings["audit.heads"] or settings.data / "audit-heads")


def sign_today(installation: Installation) -> tuple[Path, SignedHead] | None:
    """Blocking. None when today's head is kept already."""
    files, now = head_files(installation), installation.clock.now()
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    if files.has(day):
        return None
    seq, digest = head_of(installation.database)
    head = HeadSigner(installation.keystore).sign(day, seq, digest, now)
    path = files.keep(head)
    event = Event("AuditHeadSigned", now, "wardmail", None, "audit", {"seq": seq, "hash": head.hash, "day": day})
    with installation.database.write() as connection:
        EventChain(installation.database).append(connection, [event])
    return path, head


async def keep_heads(installation: Installation) -> None:
    """Runs for as long as the process does; one process of an installation does it."""
    while True:
        try:
            await asyncio.to_thread(sign_today, installation)
        except Unavailable as error:
            log.error('event=audit_head_not_signed part="%s"', error.part)
        except Exception:
            log.exception("event=audit_head_broke")
        await asyncio.sleep(EVERY)


def broken_heads(installation: Installation, public_key: str = "") -> Iterator[str]:
    """A sentence for each kept head that the audit does not go through. `public_key`: one that was kept elsewhere."""
    key = public_key or HeadSigner(installation.keystore).public_key
    for path, head in head_files(installation).read():
        if head is None or not is_genuine(head, key):
            yield f"{path.name} was not signed by this gateway's key"
            continue
        found = hash_at(installation.database, head.seq) if head.seq else b"\0" * 32
        if found is None:
            yield f"event {head.seq}, the last of {head.day}, is gone"
        elif found.hex() != head.hash:
            yield f"event {head.seq} is not the one that was the last of {head.day}"

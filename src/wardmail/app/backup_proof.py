"""Proves a backup: its files are whole, its audit holds, and with the master key everything sealed in it opens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from wardmail.app.backup_files import DATABASE, DUMP, KEYSTORE, SPOOL, Manifest, damage
from wardmail.app.set_up import PEPPER
from wardmail.edges.keys import Keystore
from wardmail.edges.master_key import MasterKey
from wardmail.edges.sealing import ContentSealer
from wardmail.edges.spool import SealedSpool
from wardmail.model.refusal import Unavailable
from wardmail.ports import Clock
from wardmail.store.chain import verify
from wardmail.store.contents import Contents
from wardmail.store.copying import FrozenCopy, audit_head, check_dump, spooled_names
from wardmail.store.schema import content, message
from wardmail.store.schema_of_inbound import arrival
from wardmail.store.setup import HEAD, schema_version


def problems(directory: Path, manifest: Manifest, clock: Clock, master: MasterKey | None) -> Iterator[str]:
    """Nothing when it is in order. Without `master` what is sealed is not opened."""
    damaged = list(damage(directory, manifest))
    yield from damaged
    if damaged:
        return
    try:
        keystore = None if master is None else Keystore.open(directory / KEYSTORE, master)
        if keystore is not None and not keystore.reveal(PEPPER):
            yield "the keystore has no pepper"
        if manifest.database == "sqlite":
            yield from _of_database(directory, manifest, clock, keystore)
        else:
            check_dump(directory / DUMP)
    except Unavailable as error:
        yield f"{error}"


def _of_database(directory: Path, manifest: Manifest, clock: Clock, keystore: Keystore | None) -> Iterator[str]:
    copy = FrozenCopy(directory / DATABASE, clock)
    try:
        if not copy.is_sound():
            yield "the database is damaged"
            return
        version = schema_version(copy) or ""
        if version > HEAD:
            yield f"its schema is {version}, and this version knows {HEAD} at most"
            return
        report = verify(copy)
        if report.broken_at is not None:
            yield f"the audit is broken: {report.why}"
        with copy.read() as connection:
            head, names = audit_head(connection), spooled_names(connection)
        if head != (manifest.audit_seq, bytes.fromhex(manifest.audit_hash)):
            yield "the audit ends elsewhere than its list says"
        there = {path.stem for path in (directory / SPOOL).glob("*.sealed")}
        lost = names - there - set(manifest.missing)  # what was missing when it was made is no fault of the backup
        yield from (f"the large body of {name} is missing" for name in sorted(lost))
        if keystore is not None and version == HEAD:
            yield from _sealed(copy, directory, ContentSealer(keystore), names & there)
    finally:
        copy.close()


def _sealed(copy: FrozenCopy, directory: Path, sealer: ContentSealer, spooled: set[str]) -> Iterator[str]:
    """Every large body is opened to its end, and of all else one message for each data key."""
    contents = Contents(copy, sealer, SealedSpool(directory / SPOOL))
    known = set(sealer.groups())
    with copy.read() as connection:
        samples = set(connection.execute(select(content.c.message_id).where(content.c.spooled.in_(spooled))).scalars())
        for table in (message, arrival):
            groups = connection.execute(
                select(table.c.data_key).where(table.c.data_key.is_not(None)).distinct()
            ).scalars()
            for group in groups.all():
                if group in known:  # else its term ended while the backup was made
                    found = select(table.c.id).where(table.c.data_key == group).limit(1)
                    samples.add(connection.execute(found).scalar_one())
    for message_id in sorted(samples):
        try:
            _, body = contents.read(message_id, 0)
            for _ in body.chunks():
                pass
        except Unavailable as error:
            yield f"the content of {message_id} does not open: {error}"

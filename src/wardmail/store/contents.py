"""Sealed content: header blocks and bodies, into rows and back into consignments."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, delete, select, tuple_, update

from wardmail.model.consignment import Consignment
from wardmail.model.message import Body, MemoryBody
from wardmail.model.refusal import ContentGone, Unavailable
from wardmail.model.route import TlsLevel
from wardmail.model.stored import AcceptedMessage, StoredMessage, StoredRecipient
from wardmail.ports import Sealer, Spool
from wardmail.store import rows
from wardmail.store.connection import Database
from wardmail.store.schema import content, message, recipient

log = logging.getLogger(__name__)


class Contents:
    """Seals on the way in and opens on the way out; the message's ID and the part's place are bound into the seal."""

    def __init__(self, database: Database, sealer: Sealer, spool: Spool) -> None:
        self._database = database
        self._sealer = sealer
        self._spool = spool

    def rows_of(self, accepted: AcceptedMessage) -> Iterator[tuple[object, ...]]:
        return self.sealed(accepted.id, accepted.heads, accepted.body, rows.group_of(accepted))

    def sealed(self, message_id: str, heads: Sequence[bytes], body: Body, group: str) -> Iterator[tuple[object, ...]]:
        """One row for each variant; the first also carries the body, or the spool's name for it."""
        for variant, head in enumerate(heads):
            sealed_head = self._sealer.seal((head,), _context(message_id, f"head {variant}"), group)
            if variant:
                yield message_id, variant, sealed_head, None, None
            else:
                yield message_id, variant, sealed_head, *self._sealed_body(message_id, body, group)

    def _sealed_body(self, message_id: str, body: Body, group: str) -> tuple[bytes, str | None]:
        spooled = rows.spooled_body(body)
        if spooled is None:
            return self._sealer.seal(tuple(body.chunks()), _context(message_id, "body"), group), None
        return self._sealer.seal((spooled.key,), _context(message_id, "body key"), group), spooled.name

    def put_aside(self, connection: Connection, message_id: str, variant: int, text: bytes, group: str) -> None:
        """A text that belongs to a message, in place of the header block of one variant; what stood there is gone."""
        connection.execute(delete(content).where(content.c.message_id == message_id, content.c.variant == variant))
        sealed = self._sealer.seal((text,), _context(message_id, f"head {variant}"), group)
        connection.execute(content.insert().values(message_id=message_id, variant=variant, head=sealed))

    def read_aside(self, message_id: str, variant: int) -> bytes | None:
        query = select(content.c.head).where(content.c.message_id == message_id, content.c.variant == variant)
        with self._database.read() as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        return None if sealed is None else self.open_aside(message_id, variant, bytes(sealed))

    def open_aside(self, message_id: str, variant: int, sealed: bytes) -> bytes:
        return self._sealer.open(sealed, _context(message_id, f"head {variant}"))

    def add_variant(self, connection: Connection, message_id: str, head: bytes) -> int:
        """One more header block for a message that is stored already; returns its number."""
        count = len(connection.execute(select(content.c.variant).where(content.c.message_id == message_id)).all())
        group = connection.execute(select(message.c.data_key).where(message.c.id == message_id)).scalar_one()
        if group is None:
            raise ContentGone(message_id)
        sealed = self._sealer.seal((head,), _context(message_id, f"head {count}"), group)
        connection.execute(content.insert().values(message_id=message_id, variant=count, head=sealed))
        return count

    def seal_anew(self, connection: Connection, message_id: str, group: str) -> None:
        """Under the data key of another group. A body in the spool stays as it is: only its key is sealed anew."""
        changes = []
        for row in connection.execute(select(content).where(content.c.message_id == message_id)).all():
            parts = {"head": (row.head, f"head {row.variant}")}
            if row.body is not None:
                parts["body"] = (row.body, "body" if row.spooled is None else "body key")
            changes.append((row.variant, {name: self._anew(message_id, *part, group) for name, part in parts.items()}))
        # Only when all of them could be opened: half a message under each key would be lost with the first of them.
        for variant, values in changes:
            where = (content.c.message_id == message_id, content.c.variant == variant)
            connection.execute(update(content).where(*where).values(**values))

    def _anew(self, message_id: str, sealed: bytes, part: str, group: str) -> bytes:
        context = _context(message_id, part)
        return self._sealer.seal((self._sealer.open(bytes(sealed), context),), context, group)

    def read(self, message_id: str, variant: int) -> tuple[bytes, Body]:
        with self._database.read() as connection:
            return self._head(connection, message_id, variant), self._body(connection, message_id)

    def load(self, message_id: str) -> tuple[StoredMessage, Sequence[StoredRecipient]] | None:
        with self._database.read() as connection:
            row = connection.execute(select(message).where(message.c.id == message_id)).one_or_none()
            if row is None:
                return None
            query = select(recipient).where(recipient.c.message_id == message_id).order_by(recipient.c.n)
            return rows.stored_message(row), [rows.stored_recipient(each) for each in connection.execute(query)]

    def consignments(self, keys: Sequence[tuple[str, int]]) -> tuple[Sequence[Consignment], Sequence[tuple[str, int]]]:
        """What couriers need for these recipient rows: those of one message with equal needs travel together.

        The second list is of rows whose content cannot be opened: one of them must not keep the others waiting.
        """
        query = (
            select(recipient, message)
            .join(message, message.c.id == recipient.c.message_id)
            .where(tuple_(recipient.c.message_id, recipient.c.n).in_(keys))
            .order_by(message.c.id, recipient.c.variant, recipient.c.route, recipient.c.tls, recipient.c.n)
        )
        with self._database.read() as connection:
            found = connection.execute(query).all()
            bodies: dict[str, Body] = {}
            made: list[Consignment] = []
            unreadable: list[tuple[str, int]] = []
            for (message_id, variant, route, tls), together in groupby(found, key=_together):
                group = list(together)
                try:
                    if message_id not in bodies:
                        bodies = {message_id: self._body(connection, message_id)}
                    head = self._head(connection, message_id, variant)
                except Unavailable as error:
                    log.error('event=content_unreadable queue_id=%s part="%s"', message_id, error.part)
                    unreadable += [(message_id, row.n) for row in group]
                    continue
                made.append(_consignment(group, route, TlsLevel(tls), head, bodies[message_id]))
            return made, unreadable

    def spooled(self, names: Sequence[str]) -> set[str]:
        """Those of these spooled bodies that a message refers to."""
        query = select(content.c.spooled).where(content.c.spooled.in_(names))
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())

    def _head(self, connection: Connection, message_id: str, variant: int) -> bytes:
        query = select(content.c.head).where(content.c.message_id == message_id, content.c.variant == variant)
        row = connection.execute(query).one_or_none()
        if row is None:
            raise ContentGone(message_id)
        return self._sealer.open(bytes(row.head), _context(message_id, f"head {variant}"))

    def _body(self, connection: Connection, message_id: str) -> Body:
        query = select(content.c.body, content.c.spooled).where(
            content.c.message_id == message_id, content.c.variant == 0
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            raise ContentGone(message_id)
        if row.spooled is not None:
            key = self._sealer.open(bytes(row.body), _context(message_id, "body key"))
            return self._spool.open_body(row.spooled, key)
        return MemoryBody((self._sealer.open(bytes(row.body), _context(message_id, "body")),))


def _together(row: Row[Any]) -> tuple[str, int, str, int]:
    return row.message_id, row.variant, row.route, row.tls


def _consignment(group: list[Row[Any]], route: str, tls: TlsLevel, head: bytes, body: Body) -> Consignment:
    stored = rows.stored_message(group[0])
    return Consignment(
        message_id=stored.id,
        route=route,
        sender=stored.envelope.sender,
        recipients=tuple(rows.consigned_recipient(row) for row in group),
        head=head,
        body=body,
        tls=tls,
        ret=stored.envelope.ret,
        envid=stored.envelope.envid,
        eight_bit=stored.envelope.eight_bit,
        smtputf8=stored.envelope.smtputf8,
        require_tls=stored.envelope.require_tls,
        integration_id=stored.origin.integration_id,
        sensitive=stored.classification.is_sensitive,
        received_at=stored.received_at,
        bulk=stored.bulk,
        username=stored.origin.username,
    )


def _context(message_id: str, part: str) -> bytes:
    return f"{message_id} {part}".encode()

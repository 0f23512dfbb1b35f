"""The tables of what comes in: sources, handovers, arrivals, and what was seen in mailboxes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, text

from wardmail.store.schema import metadata

source = Table(
    "source",
    metadata,
    Column("name", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)

handover = Table(
    "handover",
    metadata,
    Column("integration_id", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)

arrival = Table(
    "arrival",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("integration_id", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("helo", Text, nullable=False),
    Column("tls_version", Text, nullable=False),
    Column("tls_cipher", Text, nullable=False),
    Column("exception", Text, nullable=False, comment="why TLS was not required, where it was not"),
    Column("sender", Text, nullable=False),
    Column("recipients", Text, nullable=False, comment="JSON: [address, …]"),
    Column("flags", Integer, nullable=False, comment="1 SMTPUTF8"),
    Column("size", BigInteger, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("state", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("findings", Text, nullable=False, comment="JSON: IDs of findings; their sentences are sealed"),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double, comment="when somebody looks at this row next; a lease is a due_at in the future"),
    Column("lease_owner", Text),
    Column("why", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("data_key", Text, comment="the group of the data key that seals its content; empty: it has none any more"),
    Column("content_until", Double, comment="when the term of its content ends"),
)
Index(
    "arrival_due",
    arrival.c.due_at,
    postgresql_where=text("due_at IS NOT NULL"),
    sqlite_where=text("due_at IS NOT NULL"),
)
Index(
    "arrival_leased",
    arrival.c.lease_owner,
    postgresql_where=text("lease_owner IS NOT NULL"),
    sqlite_where=text("lease_owner IS NOT NULL"),
)
Index("arrival_of_source", arrival.c.source, arrival.c.received_at)
Index("arrival_in_state", arrival.c.state, arrival.c.received_at)
# Lists are in the order of IDs, the newest first.
Index("arrival_listed_by_state", arrival.c.state, arrival.c.id)
Index("arrival_listed_by_integration", arrival.c.integration_id, arrival.c.id)
Index(
    "arrival_kept",
    arrival.c.data_key,
    arrival.c.content_until,
    postgresql_where=text("data_key IS NOT NULL"),
    sqlite_where=text("data_key IS NOT NULL"),
)

seen = Table(
    "seen",
    metadata,
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False, comment="the mailbox's name for the message"),
    Column("digest", Text, nullable=False, comment="SHA-256 of the message: a mailbox may rename what it keeps"),
    Column("arrival_id", Text),
    Column("first_seen_at", Double, nullable=False),
    Column("problem", Text, nullable=False),
    Column("settled_at", Double),
    PrimaryKeyConstraint("source", "key"),
)
Index("seen_digest", seen.c.source, seen.c.digest)
Index(
    "seen_arrival",
    seen.c.arrival_id,
    postgresql_where=text("arrival_id IS NOT NULL"),
    sqlite_where=text("arrival_id IS NOT NULL"),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("source", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("looked_at", Double),
    Column("problem", Text, nullable=False, comment="why it cannot be collected from, if it cannot"),
    Column("lease_owner", Text, nullable=False),
    Column("lease_until", Double, nullable=False),
)

correspondent = Table(
    "correspondent",
    metadata,
    Column("integration_id", Text, primary_key=True),
    Column("author", LargeBinary, primary_key=True, comment="SHA-256 of the integration and the address"),
    Column("first_seen_at", Double, nullable=False),
)

"""The tables that protect the relays: what was seen, who is on the suppression list, which integration is paused."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, LargeBinary, PrimaryKeyConstraint, Table, Text

from wardmail.store.schema import metadata

sighting = Table(
    "sighting",
    metadata,
    Column("key", Text, nullable=False, comment="integration, size of the bitmap, and a sketch of content"),
    Column("bucket", BigInteger, nullable=False),
    Column("until", Double, nullable=False, comment="no window reaches it after that"),
    Column("seen", LargeBinary, nullable=False, comment="a bitmap of recipients, by hash"),
    PrimaryKeyConstraint("key", "bucket"),
)

suppression = Table(
    "suppression",
    metadata,
    Column("address", Text, nullable=False),
    Column("integration_id", Text, nullable=False, comment="empty: for all of them"),
    Column("number", BigInteger, nullable=False, comment="rises with every change: readers ask for what is new"),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("removed_at", Double),
    PrimaryKeyConstraint("address", "integration_id"),
)
Index("suppression_number", suppression.c.number)

breaker = Table(
    "breaker",
    metadata,
    Column("integration_id", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)

"""The tables of what programs are given: replies, and what their webhooks are told."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, Table, Text, text

from wardmail.store.schema import metadata

given_reply = Table(
    "given_reply",
    metadata,
    Column("integration_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("reply", Text, nullable=False, comment="JSON; empty while the request is being answered"),
    Column("at", Double, nullable=False),
    Index("given_reply_at", "at"),
)

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("id", Text, primary_key=True),
    Column("integration_id", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("told_to", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
)

webhook_telling = Table(
    "webhook_telling",
    metadata,
    Column("endpoint_id", Text, primary_key=True),
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double),
    Column("outcome", Text, nullable=False),
    Index(
        "webhook_telling_due",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
        sqlite_where=text("due_at IS NOT NULL"),
    ),
    Index("webhook_telling_created", "created_at"),
)

"""The table of replies that were given to programs."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Table, Text

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

"""The tables of held copies' tasks and of what waits for a webhook."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from wardmail.store.schema import metadata

hold = Table(
    "hold",
    metadata,
    Column("message_id", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("integration", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("urgent", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("deadline", Double, nullable=False),
    Column("ending", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("alert_at", Double, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("closed_at", Double),
    Column("closed_as", Text, nullable=False),
    PrimaryKeyConstraint("message_id", "n", "opened_at"),
)
Index(
    "hold_open",
    hold.c.message_id,
    hold.c.n,
    unique=True,
    postgresql_where=text("closed_at IS NULL"),
    sqlite_where=text("closed_at IS NULL"),
)

webhook_message = Table(
    "webhook_message",
    metadata,
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("payload", Text, nullable=False, comment="JSON; no content of a message"),
    Column("created_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double, comment="empty: taken, or given up"),
    Column("outcome", Text, nullable=False),
)
Index(
    "webhook_due",
    webhook_message.c.due_at,
    postgresql_where=text("due_at IS NOT NULL"),
    sqlite_where=text("due_at IS NOT NULL"),
)

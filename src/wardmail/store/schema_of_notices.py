"""The table of what people were told of mail that came in and waits for them."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Table, Text, text

from wardmail.store.schema import metadata
from wardmail.store.schema_of_inbound import seen

inbound_notice = Table(
    "inbound_notice",
    metadata,
    Column("integration_id", Text, primary_key=True),
    Column("item", Text, primary_key=True, comment="empty: when its people were last told of anything"),
    Column("told_at", Double, nullable=False),
)
Index(
    "seen_problem",
    seen.c.source,
    postgresql_where=text("problem <> ''"),
    sqlite_where=text("problem <> ''"),
)

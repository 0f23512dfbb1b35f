"""The tables of domains that are looked at from outside, our own and others'."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Index, Table, Text

from wardmail.store.schema import metadata

known_domain = Table(
    "known_domain",
    metadata,
    Column("name", Text, primary_key=True),
    Column("record", Text, nullable=False),
)

domain_look = Table(
    "domain_look",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("checked_at", Double, primary_key=True),
    Column("report", Text, nullable=False),
)

outside_report = Table(
    "outside_report",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("reporter", Text, primary_key=True),
    Column("report_id", Text, primary_key=True),
    Column("is_claim", Boolean, primary_key=True),
    Column("ended", Double, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("standing", Text, nullable=False),
    Column("through", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("report", Text, nullable=False, comment="JSON, as it was understood and not as it came"),
    Index("outside_report_ended", "kind", "ended"),
)

dkim_selector = Table(
    "dkim_selector",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("selector", Text, primary_key=True),
    Column("seen_at", Double, nullable=False, comment="when there was a key under it"),
)
Index("dkim_selector_seen", dkim_selector.c.seen_at)

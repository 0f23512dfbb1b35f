"""The tables of domains that are looked at from outside, our own and others'."""

from __future__ import annotations

from sqlalchemy import Column, Double, Table, Text

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

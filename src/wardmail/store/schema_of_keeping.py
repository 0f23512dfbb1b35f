"""The tables of what must be kept whatever its term, and of what is known about secrets."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer, Table, Text

from wardmail.store.schema import metadata

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("record", Text, nullable=False),
    Column("lifted_at", Double),
)

secret = Table(
    "secret",
    metadata,
    Column("reference", Text, primary_key=True, comment="where it is, never what it is"),
    Column("last_used_at", Double),
    Column("expires", Text, comment="a day, if somebody said so"),
)

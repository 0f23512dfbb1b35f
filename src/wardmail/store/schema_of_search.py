"""The tables by which messages are found without their content being read (ADR 19)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table, Text

from wardmail.store.schema import metadata

clue = Table(
    "clue",
    metadata,
    Column("clue", BigInteger, nullable=False, comment="keyed hash of a search term: see model.clue"),
    Column("message_id", Text, nullable=False),
    PrimaryKeyConstraint("clue", "message_id"),
    sqlite_with_rowid=False,  # the row is its key: kept once, and not beside an index of itself
)
Index("clue_message", clue.c.message_id)

arrival_clue = Table(
    "arrival_clue",
    metadata,
    Column("clue", BigInteger, nullable=False, comment="as in `clue`, of mail that came in"),
    Column("message_id", Text, nullable=False, comment="the arrival's ID"),
    PrimaryKeyConstraint("clue", "message_id"),
    sqlite_with_rowid=False,
)
Index("arrival_clue_message", arrival_clue.c.message_id)

arrival_address = Table(
    "arrival_address",
    metadata,
    Column("address", Text, nullable=False, comment="of its sender or of a recipient, in small letters"),
    Column("arrival_id", Text, nullable=False),
    PrimaryKeyConstraint("address", "arrival_id"),
    sqlite_with_rowid=False,
)

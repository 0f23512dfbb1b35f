"""The tables of how people log in, and of who is logged in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Table, Text

from wardmail.store.schema import metadata

login = Table(
    "login",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("password_hash", Text, nullable=False, comment="Argon2id; empty: no password yet"),
    Column("last_step", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Double, nullable=False),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
)

login_session = Table(
    "login_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("peer", Text, nullable=False),
    Index("login_session_person", "person_id"),
)

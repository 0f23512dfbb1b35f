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
    Column("proved_by", Text, nullable=False, server_default="", comment="in words"),
    Index("login_session_person", "person_id"),
)

security_key = Table(
    "security_key",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("key_id", LargeBinary, primary_key=True),
    Column("name", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("added_at", Double, nullable=False),
    Column("used_at", Double),
)

last_login = Table(
    "last_login",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("at", Double, nullable=False),
    Column("proved_by", Text, nullable=False),
)

provider_subject = Table(
    "provider_subject",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("tied_at", Double, nullable=False),
    Column("said_at", Double, nullable=False, server_default="0"),
    Column("said_roles", Text, comment="JSON; null: as the record has them"),
    Index("provider_subject_person", "person_id"),
)

spent = Table(
    "spent",
    metadata,
    Column("proof_hash", LargeBinary, primary_key=True, comment="of what may serve once"),
    Column("until", Double, nullable=False),
    Index("spent_until", "until"),
)

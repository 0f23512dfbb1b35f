"""The tables: the vocabulary of the house, in one place."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData()

message = Table(
    "message",
    metadata,
    Column("id", Text, primary_key=True),
    Column("integration_id", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("helo", Text, nullable=False),
    Column("tls_version", Text, nullable=False),
    Column("tls_cipher", Text, nullable=False),
    Column("sender", Text),
    Column("ret", Text),
    Column("envid", Text),
    Column("flags", Integer, nullable=False, comment="1 8BITMIME, 2 SMTPUTF8, 4 REQUIRETLS, 8 mass mail"),
    Column("size", BigInteger, nullable=False),
    Column("sensitivity", Integer, nullable=False),
    Column("marks", Text, nullable=False, comment="JSON: [[level, source], …]"),
    Column("policy_version", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("data_key", Text, comment="the group of the data key that seals its content; empty: it has none any more"),
    Column("content_until", Double, comment="when the term of its content ends"),
)
Index(
    "message_kept",
    message.c.data_key,
    message.c.content_until,
    postgresql_where=text("data_key IS NOT NULL"),
    sqlite_where=text("data_key IS NOT NULL"),
)

Index("message_sender", message.c.sender, message.c.id)
Index("message_integration", message.c.integration_id, message.c.id)

content = Table(
    "content",
    metadata,
    Column("message_id", Text, nullable=False),
    Column("variant", Integer, nullable=False, comment="0 also carries the body"),
    Column("head", LargeBinary, nullable=False, comment="sealed header block"),
    Column("body", LargeBinary, comment="sealed: the body, or the key of a body in the spool"),
    Column("spooled", Text, comment="the spool's name for a large body"),
    PrimaryKeyConstraint("message_id", "variant"),
)

Index(
    "content_spooled",
    content.c.spooled,
    postgresql_where=text("spooled IS NOT NULL"),
    sqlite_where=text("spooled IS NOT NULL"),
)

recipient = Table(
    "recipient",
    metadata,
    Column("message_id", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("variant", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("notify", Text, nullable=False),
    Column("orcpt", Text),
    Column("outcome", Text, nullable=False),
    Column("route", Text),
    Column("tls", Integer, nullable=False),
    Column("protections", Text, nullable=False),
    Column("because", Text, nullable=False, comment="JSON: [[rule, source, sentence], …]"),
    Column("urgent", Integer, nullable=False),
    Column("facts", Text, nullable=False, server_default="", comment="JSON of what it was decided from"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Double, comment="when somebody looks at this row next; a lease is a due_at in the future"),
    Column("lease_owner", Text),
    Column("notice_at", Double, comment="when the sender is told of a delay; empty once told"),
    Column("last_reply", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
    PrimaryKeyConstraint("message_id", "n"),
)
Index(
    "recipient_due",
    recipient.c.route,
    recipient.c.due_at,
    postgresql_where=text("due_at IS NOT NULL"),
    sqlite_where=text("due_at IS NOT NULL"),
)
Index(
    "recipient_leased",
    recipient.c.lease_owner,
    postgresql_where=text("lease_owner IS NOT NULL"),
    sqlite_where=text("lease_owner IS NOT NULL"),
)
Index(
    "recipient_held",
    recipient.c.updated_at,
    postgresql_where=text("state = 'held'"),
    sqlite_where=text("state = 'held'"),
)
Index("recipient_address", recipient.c.address)
Index(
    "recipient_notice",
    recipient.c.notice_at,
    postgresql_where=text("notice_at IS NOT NULL AND due_at IS NOT NULL"),
    sqlite_where=text("notice_at IS NOT NULL AND due_at IS NOT NULL"),
)

event = Table(
    "event",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("message_id", Text),
    Column("subject", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("detail", Text, nullable=False, comment="JSON; no subject and no body of a message"),
    Column("hash", LargeBinary, nullable=False, comment="SHA-256 over the previous hash and this row"),
)
Index(
    "event_message",
    event.c.message_id,
    postgresql_where=text("message_id IS NOT NULL"),
    sqlite_where=text("message_id IS NOT NULL"),
)

Index(
    "event_record",
    event.c.subject,
    postgresql_where=text("message_id IS NULL"),
    sqlite_where=text("message_id IS NULL"),
)

chain_head = Table(
    "chain_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

integration = Table(
    "integration",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)

credential = Table(
    "credential",
    metadata,
    Column("username", Text, primary_key=True),
    Column("integration_id", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("last_used_at", Double),
)

route = Table(
    "route",
    metadata,
    Column("name", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)

list_version = Table(
    "list_version",
    metadata,
    Column("list", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("imported_at", Double, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    PrimaryKeyConstraint("list", "version"),
)

accredited_domain = Table(
    "accredited_domain",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("record", Text, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("key", Text, nullable=False),
    Column("bucket", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
    PrimaryKeyConstraint("key", "bucket"),
)

person = Table(
    "person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)

agreement = Table(
    "agreement",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("updated_at", Double, nullable=False),
)

risk_appetite = Table(
    "risk_appetite",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("record", Text, nullable=False),
)

policy_version = Table(
    "policy_version",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("record", Text, nullable=False),
)

notice_given = Table(
    "notice_given",
    metadata,
    Column("key", Text, primary_key=True, comment="what was told, so that it is told once"),
    Column("at", Double, nullable=False),
)

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

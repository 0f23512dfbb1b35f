"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accredited_domain",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("domain"),
    )
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "content",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False, comment="0 also carries the body"),
        sa.Column("head", sa.LargeBinary(), nullable=False, comment="sealed header block"),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="sealed; empty when the body is in the spool"),
        sa.Column("spooled", sa.Text(), nullable=True, comment="the spool's name for a large body"),
        sa.PrimaryKeyConstraint("message_id", "variant"),
    )
    op.create_index(
        "content_spooled",
        "content",
        ["spooled"],
        unique=False,
        postgresql_where=sa.text("spooled IS NOT NULL"),
        sqlite_where=sa.text("spooled IS NOT NULL"),
    )
    op.create_table(
        "credential",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("username"),
    )
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON; no subject and no body of a message"),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 over the previous hash and this row"),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(
        "event_message",
        "event",
        ["message_id"],
        unique=False,
        postgresql_where=sa.text("message_id IS NOT NULL"),
        sqlite_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_table(
        "integration",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "list_version",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.Double(), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("list", "version"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("helo", sa.Text(), nullable=False),
        sa.Column("tls_version", sa.Text(), nullable=False),
        sa.Column("tls_cipher", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("ret", sa.Text(), nullable=True),
        sa.Column("envid", sa.Text(), nullable=True),
        sa.Column("flags", sa.Integer(), nullable=False, comment="1 8BITMIME, 2 SMTPUTF8, 4 REQUIRETLS"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sensitivity", sa.Integer(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False, comment="JSON: [[level, source], …]"),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "recipient",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("notify", sa.Text(), nullable=False),
        sa.Column("orcpt", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("tls", sa.Integer(), nullable=False),
        sa.Column("protections", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False, comment="JSON: [[rule, source, sentence], …]"),
        sa.Column("urgent", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "due_at",
            sa.Double(),
            nullable=True,
            comment="when somebody looks at this row next; a lease is a due_at in the future",
        ),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column(
            "notice_at", sa.Double(), nullable=True, comment="when the sender is told of a delay; empty once told"
        ),
        sa.Column("last_reply", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "n"),
    )
    op.create_index("recipient_address", "recipient", ["address"], unique=False)
    op.create_index(
        "recipient_due",
        "recipient",
        ["route", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "recipient_held",
        "recipient",
        ["updated_at"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
        sqlite_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "recipient_leased",
        "recipient",
        ["lease_owner"],
        unique=False,
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
        sqlite_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.create_index(
        "recipient_notice",
        "recipient",
        ["notice_at"],
        unique=False,
        postgresql_where=sa.text("notice_at IS NOT NULL AND due_at IS NOT NULL"),
        sqlite_where=sa.text("notice_at IS NOT NULL AND due_at IS NOT NULL"),
    )
    op.create_table(
        "route",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "usage",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "bucket"),
    )

    op.execute(sa.text("INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, :genesis)").bindparams(genesis=b"\0" * 32))


def downgrade() -> None:
    """There is nothing below the first schema."""

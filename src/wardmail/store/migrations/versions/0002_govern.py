"""What governing the gateway needs: people, policies and their facts, agreements, holds, limits, histories of records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "policy_version",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.add_column(
        "recipient",
        sa.Column("facts", sa.Text(), server_default="", nullable=False, comment="JSON of what it was decided from"),
    )
    op.create_table(
        "agreement",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "risk_appetite",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "hold",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Double(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("alert_at", sa.Double(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.Column("closed_as", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "n", "opened_at"),
    )
    op.create_index(
        "hold_open",
        "hold",
        ["message_id", "n"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "webhook_message",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False, comment="JSON; no content of a message"),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True, comment="empty: taken, or given up"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "webhook_due",
        "webhook_message",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    _traffic()


def _traffic() -> None:
    """What protects the relays."""
    op.create_table(
        "sighting",
        sa.Column("key", sa.Text(), nullable=False, comment="integration, size of the bitmap, and a sketch of content"),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False, comment="no window reaches it after that"),
        sa.Column("seen", sa.LargeBinary(), nullable=False, comment="a bitmap of recipients, by hash"),
        sa.PrimaryKeyConstraint("key", "bucket"),
    )
    op.create_table(
        "suppression",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False, comment="empty: for all of them"),
        sa.Column(
            "number", sa.BigInteger(), nullable=False, comment="rises with every change: readers ask for what is new"
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double()),
        sa.Column("removed_at", sa.Double()),
        sa.PrimaryKeyConstraint("address", "integration_id"),
    )
    op.create_index("suppression_number", "suppression", ["number"])
    op.create_table(
        "breaker",
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id"),
    )
    _keeping()
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("content", "body", comment="sealed: the body, or the key of a body in the spool")
        op.alter_column("message", "flags", comment="1 8BITMIME, 2 SMTPUTF8, 4 REQUIRETLS, 8 mass mail")
    op.create_table(
        "notice_given",
        sa.Column("key", sa.Text(), nullable=False, comment="what was told, so that it is told once"),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(
        "event_record",
        "event",
        ["subject"],
        postgresql_where=sa.text("message_id IS NULL"),
        sqlite_where=sa.text("message_id IS NULL"),
    )


def _keeping() -> None:
    """What is kept for how long, and what is known of secrets. Content of before stays until somebody deletes it."""
    op.add_column(
        "message",
        sa.Column(
            "data_key",
            sa.Text(),
            comment="the group of the data key that seals its content; empty: it has none any more",
        ),
    )
    op.add_column("message", sa.Column("content_until", sa.Double(), comment="when the term of its content ends"))
    op.create_index(
        "message_kept",
        "message",
        ["data_key", "content_until"],
        unique=False,
        postgresql_where=sa.text("data_key IS NOT NULL"),
        sqlite_where=sa.text("data_key IS NOT NULL"),
    )
    op.create_table(
        "legal_hold",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "secret",
        sa.Column("reference", sa.Text(), nullable=False, comment="where it is, never what it is"),
        sa.Column("last_used_at", sa.Double(), nullable=True),
        sa.Column("expires", sa.Text(), nullable=True, comment="a day, if somebody said so"),
        sa.PrimaryKeyConstraint("reference"),
    )

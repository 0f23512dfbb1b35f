"""What programs need: replies that were given to requests which may come again, webhooks and what they are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "given_reply",
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False, comment="JSON; empty while the request is being answered"),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "key"),
    )
    op.create_index("given_reply_at", "given_reply", ["at"])
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("told_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_telling",
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Double()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id", "seq"),
    )
    op.create_index(
        "webhook_telling_due",
        "webhook_telling",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("webhook_telling_created", "webhook_telling", ["created_at"])


def downgrade() -> None:
    op.drop_table("webhook_telling")
    op.drop_table("webhook_endpoint")
    op.drop_table("given_reply")

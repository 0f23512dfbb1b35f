"""What receiving needs: sources, handovers, arrivals, and what was seen in mailboxes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "handover",
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id"),
    )
    op.create_table(
        "arrival",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("helo", sa.Text(), nullable=False),
        sa.Column("tls_version", sa.Text(), nullable=False),
        sa.Column("tls_cipher", sa.Text(), nullable=False),
        sa.Column("exception", sa.Text(), nullable=False, comment="why TLS was not required, where it was not"),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False, comment="JSON: [address, …]"),
        sa.Column("flags", sa.Integer(), nullable=False, comment="1 SMTPUTF8"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False, comment="JSON: IDs of findings; their sentences are sealed"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "due_at",
            sa.Double(),
            nullable=True,
            comment="when somebody looks at this row next; a lease is a due_at in the future",
        ),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column(
            "data_key",
            sa.Text(),
            nullable=True,
            comment="the group of the data key that seals its content; empty: it has none any more",
        ),
        sa.Column("content_until", sa.Double(), nullable=True, comment="when the term of its content ends"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "arrival_due",
        "arrival",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("arrival_in_state", "arrival", ["state", "received_at"])
    op.create_index(
        "arrival_kept",
        "arrival",
        ["data_key", "content_until"],
        postgresql_where=sa.text("data_key IS NOT NULL"),
        sqlite_where=sa.text("data_key IS NOT NULL"),
    )
    op.create_index(
        "arrival_leased",
        "arrival",
        ["lease_owner"],
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
        sqlite_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.create_index("arrival_of_source", "arrival", ["source", "received_at"])
    op.create_table(
        "seen",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the mailbox's name for the message"),
        sa.Column(
            "digest", sa.Text(), nullable=False, comment="SHA-256 of the message: a mailbox may rename what it keeps"
        ),
        sa.Column("arrival_id", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.Double(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("source", "key"),
    )
    op.create_index(
        "seen_arrival",
        "seen",
        ["arrival_id"],
        postgresql_where=sa.text("arrival_id IS NOT NULL"),
        sqlite_where=sa.text("arrival_id IS NOT NULL"),
    )
    op.create_index("seen_digest", "seen", ["source", "digest"])
    op.create_table(
        "mailbox",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.Double(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False, comment="why it cannot be collected from, if it cannot"),
        sa.Column("lease_owner", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "correspondent",
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False, comment="SHA-256 of the integration and the address"),
        sa.Column("first_seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "author"),
    )

"""People log in through an identity provider and with security keys; what may serve once is remembered; sessions say how they were proved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column(
        "login_session", sa.Column("proved_by", sa.Text(), nullable=False, server_default="", comment="in words")
    )
    op.create_table(
        "security_key",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double()),
        sa.PrimaryKeyConstraint("person_id", "key_id"),
    )
    op.create_table(
        "last_login",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("proved_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "provider_subject",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("tied_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    op.create_index("provider_subject_person", "provider_subject", ["person_id"])
    op.create_table(
        "spent",
        sa.Column("proof_hash", sa.LargeBinary(), nullable=False, comment="of what may serve once"),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("proof_hash"),
    )
    op.create_index("spent_until", "spent", ["until"])


def downgrade() -> None:
    op.drop_table("spent")
    op.drop_table("provider_subject")
    op.drop_table("last_login")
    op.drop_table("security_key")
    op.drop_column("login_session", "proved_by")

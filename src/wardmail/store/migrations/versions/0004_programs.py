"""What programs need: the replies that were given to requests which may come again."""

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


def downgrade() -> None:
    op.drop_table("given_reply")

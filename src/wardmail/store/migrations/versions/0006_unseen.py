"""What people were told of mail that came in and waits for them; messages that could not be collected are found at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "inbound_notice",
        sa.Column("integration_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False, comment="empty: when its people were last told of anything"),
        sa.Column("told_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "item"),
    )
    op.create_index(
        "seen_problem",
        "seen",
        ["source"],
        postgresql_where=sa.text("problem <> ''"),
        sqlite_where=sa.text("problem <> ''"),
    )


def downgrade() -> None:
    op.drop_index("seen_problem", "seen")
    op.drop_table("inbound_notice")

"""Under which selectors other domains publish their DKIM keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "dkim_selector",
        sa.Column("domain", sa.Text(), primary_key=True),
        sa.Column("selector", sa.Text(), primary_key=True),
        sa.Column("seen_at", sa.Double(), nullable=False, comment="when there was a key under it"),
    )
    op.create_index("dkim_selector_seen", "dkim_selector", ["seen_at"])


def downgrade() -> None:
    op.drop_table("dkim_selector")

"""Mail that came in is found by words of the subject and by its sender's name for it, as what goes out is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "arrival_clue",
        sa.Column("clue", sa.BigInteger(), nullable=False, comment="as in `clue`, of mail that came in"),
        sa.Column("message_id", sa.Text(), nullable=False, comment="the arrival's ID"),
        sa.PrimaryKeyConstraint("clue", "message_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("arrival_clue_message", "arrival_clue", ["message_id"])


def downgrade() -> None:
    op.drop_table("arrival_clue")

"""Messages are found by words of the subject and by their applications' names for them, of which keyed hashes are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "clue",
        sa.Column("clue", sa.BigInteger(), nullable=False, comment="keyed hash of a search term: see model.clue"),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("clue", "message_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("clue_message", "clue", ["message_id"])


def downgrade() -> None:
    op.drop_table("clue")

"""The newest messages of one sender are found at once, whatever else is stored."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("message_sender", "message", ["sender", "id"])


def downgrade() -> None:
    op.drop_index("message_sender", "message")

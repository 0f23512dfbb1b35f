"""The newest messages of one integration are found at once, whatever else is stored."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("message_integration", "message", ["integration_id", "id"])


def downgrade() -> None:
    op.drop_index("message_integration", "message")

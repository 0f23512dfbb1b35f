"""Mail that came in is found by an address, and listed by state and application, among a million as among ten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_EACH_RECIPIENT = {
    "sqlite": "SELECT lower(each.value), arrival.id FROM arrival, json_each(arrival.recipients) AS each",
    "postgresql": "SELECT lower(each), id FROM arrival, jsonb_array_elements_text(recipients::jsonb) AS each",
}


def upgrade() -> None:
    op.create_table(
        "arrival_address",
        sa.Column("address", sa.Text(), nullable=False, comment="of its sender or of a recipient, in small letters"),
        sa.Column("arrival_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", "arrival_id"),
        sqlite_with_rowid=False,
    )
    senders = "SELECT lower(sender), id FROM arrival WHERE sender <> ''"
    recipients = _EACH_RECIPIENT[op.get_bind().dialect.name]
    op.execute(f"INSERT INTO arrival_address (address, arrival_id) {senders} UNION {recipients}")
    op.create_index("arrival_listed_by_state", "arrival", ["state", "id"])
    op.create_index("arrival_listed_by_integration", "arrival", ["integration_id", "id"])


def downgrade() -> None:
    op.drop_index("arrival_listed_by_integration", "arrival")
    op.drop_index("arrival_listed_by_state", "arrival")
    op.drop_table("arrival_address")

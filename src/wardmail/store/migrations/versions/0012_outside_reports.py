"""What others report about our domains: DMARC and TLS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "outside_report",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("domain", sa.Text(), primary_key=True),
        sa.Column("reporter", sa.Text(), primary_key=True),
        sa.Column("report_id", sa.Text(), primary_key=True),
        sa.Column("is_claim", sa.Boolean(), primary_key=True),
        sa.Column("ended", sa.Double(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("through", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False, comment="JSON, as it was understood and not as it came"),
    )
    op.create_index("outside_report_ended", "outside_report", ["kind", "ended"])


def downgrade() -> None:
    op.drop_table("outside_report")

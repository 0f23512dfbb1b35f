"""What the identity provider said last of a person: which roles their groups give, and when."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("provider_subject", sa.Column("said_at", sa.Double(), nullable=False, server_default="0"))
    op.add_column("provider_subject", sa.Column("said_roles", sa.Text(), comment="JSON; null: as the record has them"))
    # When it spoke last was not kept: from now on there is as long as for somebody who logged in a moment ago.
    op.execute(sa.text("UPDATE provider_subject SET said_at = :now").bindparams(now=time.time()))


def downgrade() -> None:
    op.drop_column("provider_subject", "said_roles")
    op.drop_column("provider_subject", "said_at")

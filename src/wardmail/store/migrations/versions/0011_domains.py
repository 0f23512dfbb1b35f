"""Domains on record, and every look at a domain beside the earlier ones."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_PREFIX = "domain-report:"


def upgrade() -> None:
    op.create_table(
        "known_domain", sa.Column("name", sa.Text(), primary_key=True), sa.Column("record", sa.Text(), nullable=False)
    )
    look = op.create_table(
        "domain_look",
        sa.Column("domain", sa.Text(), primary_key=True),
        sa.Column("checked_at", sa.Double(), primary_key=True),
        sa.Column("report", sa.Text(), nullable=False),
    )
    meta = sa.table("meta", sa.column("key", sa.Text()), sa.column("value", sa.Text()))
    connection = op.get_bind()
    query = sa.select(meta.c.value).where(meta.c.key.startswith(_PREFIX, autoescape=True))
    for text in connection.execute(query).scalars().all():
        found = json.loads(text)
        row = {"domain": found["domain"], "checked_at": found["checked_at"], "report": text}
        connection.execute(sa.insert(look).values(row))
    connection.execute(sa.delete(meta).where(meta.c.key.startswith(_PREFIX, autoescape=True)))


def downgrade() -> None:
    op.drop_table("domain_look")
    op.drop_table("known_domain")

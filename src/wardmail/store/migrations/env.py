"""Runs migrations inside the connection and the transaction that `store.setup` opened."""

from __future__ import annotations

from alembic import context

from wardmail.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,
    render_as_batch=True,
)
context.run_migrations()

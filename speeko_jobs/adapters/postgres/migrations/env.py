"""How Alembic runs our migrations: on the connection it is given, inside one transaction."""

from __future__ import annotations

from alembic import context

from speeko_jobs.adapters.postgres.database import SCHEMA
from speeko_jobs.adapters.postgres.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
)
with context.begin_transaction():
    context.run_migrations()

"""Unchanged rows that are in the manifest before a job runs."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # what the planner found unchanged among a chunk's rows, as counts for the summary; {}: nothing
    op.execute("ALTER TABLE speeko.chunk ADD COLUMN unchanged jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE speeko.chunk DROP COLUMN unchanged")

"""Hits that are counted from finished jobs, and objects that are on their way out of the store."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHANGES = (
    # the first row whose uses are not counted as hits yet; NULL: all are
    "ALTER TABLE speeko.job ADD COLUMN uncounted_row bigint DEFAULT 1",
    "CREATE INDEX job_uncounted ON speeko.job (id) WHERE uncounted_row IS NOT NULL",
    """
    CREATE TABLE speeko.evicted (
        key bytea PRIMARY KEY,
        fence integer NOT NULL,
        format text NOT NULL,
        store text NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE speeko.evicted")
    op.execute("DROP INDEX speeko.job_uncounted")
    op.execute("ALTER TABLE speeko.job DROP COLUMN uncounted_row")

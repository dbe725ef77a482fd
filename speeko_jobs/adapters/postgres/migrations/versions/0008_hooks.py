"""Events of jobs that are to be told to a webhook."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CHANGES = (
    """
    CREATE TABLE speeko.hook (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        job_id bigint NOT NULL REFERENCES speeko.job (id) ON DELETE CASCADE,
        event text NOT NULL CHECK (event IN ('done', 'failed', 'paused', 'cancelled')),
        reason text NOT NULL DEFAULT '',
        born_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        tries integer NOT NULL DEFAULT 0,  -- also the fence
        due_at timestamptz DEFAULT clock_timestamp(),  -- NULL: delivered, or given up
        delivered_at timestamptz,
        error text NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX hook_due ON speeko.hook (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX hook_job ON speeko.hook (job_id)",
)


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE speeko.hook")

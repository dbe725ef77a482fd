"""Schedules and their runs."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CHANGES = (
    """
    CREATE TABLE speeko.schedule (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        tenant text NOT NULL,
        cron text NOT NULL,
        zone text NOT NULL,
        catch_up text NOT NULL CHECK (catch_up IN ('last', 'all', 'none')),
        orders jsonb NOT NULL,
        paused boolean NOT NULL DEFAULT false,
        next_due timestamptz NOT NULL,  -- the first due time that nothing was done about
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    """
    CREATE TABLE speeko.schedule_run (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        schedule_id bigint NOT NULL REFERENCES speeko.schedule (id) ON DELETE CASCADE,
        due timestamptz NOT NULL,
        by_hand boolean NOT NULL DEFAULT false,
        state text NOT NULL CHECK (state IN ('waiting', 'planning', 'submitted', 'failed', 'skipped')),
        reason text NOT NULL DEFAULT '',
        tries integer NOT NULL DEFAULT 0,  -- how often a worker took it; also the fence
        lease_until timestamptz,
        job_id bigint,
        previous_job_id bigint,
        ended_at timestamptz,
        UNIQUE (schedule_id, due)
    )
    """,
    """
    CREATE INDEX schedule_run_open ON speeko.schedule_run (schedule_id, due)
    WHERE state IN ('waiting', 'planning')
    """,
    "CREATE INDEX schedule_run_job ON speeko.schedule_run (job_id) WHERE job_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE speeko.schedule_run")
    op.execute("DROP TABLE speeko.schedule")

"""What whoever watches looks at: accounts over time, words to find jobs by, ended jobs, a day's costs."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
# with it came other folders in the audio store, which older workers do not look into
WORKERS_STAND_STILL = True

CHANGES = (
    """
    CREATE TABLE speeko.pulse (
        account text NOT NULL REFERENCES speeko.account (name) ON DELETE CASCADE,
        at timestamptz NOT NULL,
        "limit" integer NOT NULL,
        busy integer NOT NULL,
        wants integer NOT NULL,
        PRIMARY KEY (account, at)
    )
    """,
    # a job's row is wide: a look for words would read all of it
    """
    CREATE TABLE speeko.job_words (
        job_id bigint PRIMARY KEY REFERENCES speeko.job (id) ON DELETE CASCADE,
        words text NOT NULL
    )
    """,
    """
    INSERT INTO speeko.job_words
    SELECT j.id, lower(concat_ws(' ', j.id, d.url, (SELECT string_agg(f->>'name', ' ')
                                                    FROM jsonb_array_elements(j.files) f)))
    FROM speeko.job j JOIN speeko.destination d ON d.id = j.destination_id
    """,
    # of ended jobs only: those that run are written all the time, and cost nothing here
    """
    CREATE INDEX job_ended ON speeko.job (state, id, tenant)
        WHERE state IN ('done', 'done_with_errors', 'cancelled')
    """,
    "CREATE INDEX cost_daily_day ON speeko.cost_daily (day)",
)


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX speeko.cost_daily_day, speeko.job_ended")
    op.execute("DROP TABLE speeko.job_words, speeko.pulse")

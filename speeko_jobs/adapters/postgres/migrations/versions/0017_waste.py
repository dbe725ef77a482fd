"""What is wasted: the last answers of each voice of an account, waste caps of jobs, quarantined texts."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CHANGES = (
    """
    CREATE TABLE speeko.audio_window (
        account text NOT NULL,
        model text NOT NULL,
        voice text NOT NULL,
        recent text NOT NULL DEFAULT '',
        answers bigint NOT NULL DEFAULT 0,
        bad bigint NOT NULL DEFAULT 0,
        wasted_micros bigint NOT NULL DEFAULT 0,
        samples jsonb NOT NULL DEFAULT '[]',
        refused jsonb NOT NULL DEFAULT '[]',
        tripped_at timestamptz,
        reason text NOT NULL DEFAULT '',
        PRIMARY KEY (account, model, voice)
    ) WITH (fillfactor = 50)
    """,
    "ALTER TABLE speeko.job ADD COLUMN wasted_micros bigint NOT NULL DEFAULT 0",
    "ALTER TABLE speeko.job ADD COLUMN waste_cap_micros bigint",  # none for jobs of older releases
    "ALTER TABLE speeko.job ADD COLUMN converted_calls bigint NOT NULL DEFAULT 0",
    "ALTER TABLE speeko.utterance ADD COLUMN quarantined_at timestamptz",
    "CREATE INDEX utterance_sound ON speeko.utterance (sha256) WHERE sha256 IS NOT NULL",
)


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX speeko.utterance_sound")
    op.execute("ALTER TABLE speeko.utterance DROP COLUMN quarantined_at")
    for column in ("wasted_micros", "waste_cap_micros", "converted_calls"):
        op.execute(f"ALTER TABLE speeko.job DROP COLUMN {column}")
    op.execute("DROP TABLE speeko.audio_window")

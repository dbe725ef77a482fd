"""Caps and weights of tenants; what the self-tuning limit of an account remembers; rates a minute."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHANGES = (
    """
    CREATE TABLE speeko.tenant (
        name text PRIMARY KEY,
        weight double precision NOT NULL DEFAULT 1 CHECK (weight > 0),
        daily_micros bigint,
        monthly_micros bigint
    )
    """,
    """
    ALTER TABLE speeko.account
        ADD COLUMN too_high integer NOT NULL DEFAULT 0,
        ADD COLUMN hold_seconds double precision NOT NULL DEFAULT 5,
        ADD COLUMN probing boolean NOT NULL DEFAULT false,
        ADD COLUMN window_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        ADD COLUMN window_ended integer NOT NULL DEFAULT 0,
        ADD COLUMN window_throttled integer NOT NULL DEFAULT 0,
        ADD COLUMN window_failed integer NOT NULL DEFAULT 0,
        ADD COLUMN window_saturated boolean NOT NULL DEFAULT false,
        ADD COLUMN failing_since timestamptz,
        ADD COLUMN calls_a_minute integer NOT NULL DEFAULT 0,
        ADD COLUMN chars_a_minute bigint NOT NULL DEFAULT 0,
        ADD COLUMN calls_left double precision NOT NULL DEFAULT 0,
        ADD COLUMN chars_left double precision NOT NULL DEFAULT 0,
        ADD COLUMN retries_left double precision NOT NULL DEFAULT 10,
        ADD COLUMN filled_at timestamptz NOT NULL DEFAULT clock_timestamp()
    """,
    """
    CREATE TABLE speeko.voice_pace (
        provider text NOT NULL,
        model text NOT NULL,
        voice text NOT NULL,
        language text NOT NULL,
        calls bigint NOT NULL,
        chars bigint NOT NULL,
        millis bigint NOT NULL,
        latency_millis bigint NOT NULL,
        PRIMARY KEY (provider, model, voice, language)
    )
    """,
    "ALTER TABLE speeko.job ADD COLUMN finalized boolean NOT NULL DEFAULT false",
    "CREATE INDEX attempt_unknown ON speeko.attempt (key) WHERE state = 'unknown'",
    "CREATE INDEX job_reserved ON speeko.job (tenant) WHERE reserved_micros > 0",
)


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX speeko.job_reserved")
    op.execute("DROP INDEX speeko.attempt_unknown")
    op.execute("DROP TABLE speeko.voice_pace")
    op.execute("DROP TABLE speeko.tenant")
    op.execute("ALTER TABLE speeko.job DROP COLUMN finalized")
    for name in (
        *("too_high", "hold_seconds", "probing", "failing_since"),
        *("window_at", "window_ended", "window_throttled", "window_failed", "window_saturated"),
        *("calls_a_minute", "chars_a_minute", "calls_left", "chars_left", "retries_left", "filled_at"),
    ):
        op.execute(f"ALTER TABLE speeko.account DROP COLUMN {name}")

"""The registry of workers: host, version, and the accounts that each serves."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE speeko.worker (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            host text NOT NULL,
            pid integer NOT NULL,
            home text NOT NULL,
            version text NOT NULL,
            queues text[] NOT NULL,
            processes integer NOT NULL,
            accounts jsonb NOT NULL DEFAULT '{}',
            is_stopping boolean NOT NULL DEFAULT false,
            started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            seen_until timestamptz NOT NULL
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE speeko.worker")
